//! A connection of the pool that looks share while there are any.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use deadpool_postgres::{ClientWrapper, Object};

/// How many looks share a connection before it goes back to the pool, so that whoever waits
/// for one there gets a turn.
const MOST: usize = 64;

/// The connection that the next look joins, if there is one.
#[derive(Default)]
pub(crate) struct SharedSlot(Mutex<Weak<Shared>>);

/// A connection that is lent to several looks. The last one gives it back to the pool, or
/// closes it if it is condemned.
pub(crate) struct Shared {
    /// `None` only while it is dropped.
    client: Option<Object>,
    joined: AtomicUsize,
    condemned: AtomicBool,
}

impl SharedSlot {
    pub(crate) fn join(&self) -> Option<Arc<Shared>> {
        let shared = self.0.lock().unwrap_or_else(PoisonError::into_inner).upgrade()?;
        let usable = !shared.condemned.load(Ordering::Relaxed)
            && !shared.is_closed()
            && shared.joined.fetch_add(1, Ordering::Relaxed) < MOST;
        usable.then_some(shared)
    }

    pub(crate) fn lend(&self, client: Object) -> Arc<Shared> {
        let (joined, condemned) = (AtomicUsize::new(1), AtomicBool::new(false));
        let shared = Arc::new(Shared { client: Some(client), joined, condemned });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&shared);
        shared
    }
}

impl Shared {
    /// No look joins this connection any more, and it does not go back to the pool.
    pub(crate) fn condemn(&self) {
        self.condemned.store(true, Ordering::Relaxed);
    }
}

impl Deref for Shared {
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        self.client.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if *self.condemned.get_mut() {
            drop(Object::take(client));
        }
    }
}

impl fmt::Debug for SharedSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSlot").finish_non_exhaustive()
    }
}
