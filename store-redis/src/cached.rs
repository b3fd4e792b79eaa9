use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use redis::RedisResult;

use crate::error::redacted;

/// A value that is made once, shared by all callers, and made again after it failed: a connection, or
/// a map of a cluster.
///
/// One task makes it, however many callers wait for it, and even if they all give up.
pub(crate) struct Cached<T>(Arc<Inner<T>>);

struct Inner<T> {
    make: Box<dyn Fn(Invalidator<T>) -> BoxFuture<'static, RedisResult<T>> + Send + Sync>,
    state: Mutex<State<T>>,
}

struct State<T> {
    current: Option<(Generation, T)>,
    pending: Option<Pending<T>>,
    last: Generation,
}

type Pending<T> = Shared<BoxFuture<'static, RedisResult<(Generation, T)>>>;

/// The number of a value, counted up.
pub(crate) type Generation = u64;

impl<T: Clone + Send + Sync + 'static> Cached<T> {
    pub(crate) fn new<F>(make: impl Fn(Invalidator<T>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = RedisResult<T>> + Send + 'static,
    {
        let state = State { current: None, pending: None, last: 0 };
        let make = Box::new(move |invalidator| make(invalidator).boxed());
        Self(Arc::new(Inner { make, state: Mutex::new(state) }))
    }

    /// Returns the current value, or waits for the next one.
    pub(crate) async fn get(&self) -> RedisResult<(Generation, T)> {
        let pending = {
            let mut state = self.0.lock();
            match &state.current {
                Some(current) => return Ok(current.clone()),
                None => self.0.make(&mut state),
            }
        };
        pending.await
    }

    /// Drops the value and makes a new one, unless it is no longer the current one.
    pub(crate) fn replace(&self, generation: Generation) {
        let mut state = self.0.lock();
        if state.is_current(generation) {
            state.current = None;
            drop(self.0.make(&mut state));
        }
    }

    /// Makes a new value, unless it is no longer the current one. Callers get the old one until then.
    pub(crate) fn refresh(&self, generation: Generation) {
        let mut state = self.0.lock();
        if state.is_current(generation) {
            drop(self.0.make(&mut state));
        }
    }
}

impl<T> State<T> {
    fn is_current(&self, generation: Generation) -> bool {
        self.current.as_ref().is_some_and(|current| current.0 == generation)
    }
}

impl<T: Clone + Send + Sync + 'static> Inner<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts to make a value, unless that is under way.
    fn make(self: &Arc<Self>, state: &mut State<T>) -> Pending<T> {
        if let Some(pending) = &state.pending {
            return pending.clone();
        }
        state.last += 1;
        let (inner, generation) = (Arc::clone(self), state.last);
        let pending = async move {
            let invalidator = Invalidator { inner: Arc::downgrade(&inner), generation };
            let made = (inner.make)(invalidator).await.map(|value| (generation, value));
            if let Err(error) = &made {
                tracing::debug!(error = %redacted(error.clone()), "cannot connect to Redis");
            }
            let mut state = inner.lock();
            state.pending = None;
            if let Ok(current) = &made {
                state.current = Some(current.clone());
            }
            drop(state);
            made
        };
        let pending = pending.boxed().shared();
        state.pending = Some(pending.clone());
        tokio::spawn(pending.clone());
        pending
    }
}

/// Drops one value once it reports that it has ended.
pub(crate) struct Invalidator<T> {
    inner: Weak<Inner<T>>,
    generation: Generation,
}

impl<T: Clone + Send + Sync + 'static> Invalidator<T> {
    /// Drops the value. The next caller makes a new one.
    pub(crate) fn invalidate(&self) {
        let Some(inner) = self.inner.upgrade() else { return };
        let mut state = inner.lock();
        if state.is_current(self.generation) {
            state.current = None;
        }
    }
}
