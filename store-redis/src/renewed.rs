use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use redis::RedisResult;

use crate::refusal::told;

/// Something that is made once, used by many, and made anew when it has failed.
///
/// It is made by one task, however many wait for it and whoever of them gives up.
pub(crate) struct Renewed<T>(Arc<Inner<T>>);

struct Inner<T> {
    make: Box<dyn Fn(Ended<T>) -> BoxFuture<'static, RedisResult<T>> + Send + Sync>,
    state: Mutex<State<T>>,
}

struct State<T> {
    current: Option<(Generation, T)>,
    coming: Option<Coming<T>>,
    last: Generation,
}

type Coming<T> = Shared<BoxFuture<'static, RedisResult<(Generation, T)>>>;

/// Which of the values, one after another.
pub(crate) type Generation = u64;

/// What is known about a value that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nobody gets it any more.
    Dead,
    /// It is used until there is a new one.
    Suspect,
}

impl<T: Clone + Send + Sync + 'static> Renewed<T> {
    pub(crate) fn new<F>(make: impl Fn(Ended<T>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = RedisResult<T>> + Send + 'static,
    {
        let state = State { current: None, coming: None, last: 0 };
        let make = Box::new(move |ended| make(ended).boxed());
        Self(Arc::new(Inner { make, state: Mutex::new(state) }))
    }

    /// The present value, or the one that is being made.
    pub(crate) async fn get(&self) -> RedisResult<(Generation, T)> {
        let coming = {
            let mut state = self.0.lock();
            match &state.current {
                Some(current) => return Ok(current.clone()),
                None => self.0.renew(&mut state),
            }
        };
        coming.await
    }

    /// Has a new value made, unless that is done already.
    pub(crate) fn failed(&self, generation: Generation, fate: Verdict) {
        let mut state = self.0.lock();
        if state.current.as_ref().is_some_and(|current| current.0 == generation) {
            if fate == Verdict::Dead {
                state.current = None;
            }
            drop(self.0.renew(&mut state));
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Inner<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn renew(self: &Arc<Self>, state: &mut State<T>) -> Coming<T> {
        if let Some(coming) = &state.coming {
            return coming.clone();
        }
        state.last += 1;
        let (inner, generation) = (Arc::clone(self), state.last);
        let coming = async move {
            let ended = Ended { inner: Arc::downgrade(&inner), generation };
            let made = (inner.make)(ended).await.map(|value| (generation, value));
            if let Err(error) = &made {
                tracing::debug!(error = %told(error.clone()), "cannot connect to Redis");
            }
            let mut state = inner.lock();
            state.coming = None;
            if let Ok(current) = &made {
                state.current = Some(current.clone());
            }
            drop(state);
            made
        };
        let coming = coming.boxed().shared();
        state.coming = Some(coming.clone());
        tokio::spawn(coming.clone());
        coming
    }
}

/// For a value that can tell when it has ended.
pub(crate) struct Ended<T> {
    inner: Weak<Inner<T>>,
    generation: Generation,
}

impl<T: Clone + Send + Sync + 'static> Ended<T> {
    /// Nobody gets the value any more; a new one is made for the next who asks.
    pub(crate) fn ended(&self) {
        let Some(inner) = self.inner.upgrade() else { return };
        let mut state = inner.lock();
        if state.current.as_ref().is_some_and(|current| current.0 == self.generation) {
            state.current = None;
        }
    }
}
