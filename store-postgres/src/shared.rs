//! The connection of the pool that concurrent reads share.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use deadpool_postgres::{ClientWrapper, Object};

/// The most concurrent reads on a connection. Further ones share another connection, because the server
/// answers them one after the other.
const AT_ONCE: usize = 16;

/// The connection that the next read joins, if there is one.
#[derive(Default)]
pub(crate) struct SharedSlot(Mutex<Weak<Shared>>);

/// A connection of several reads. The last one returns it to the pool, or closes it if it is discarded.
pub(crate) struct Shared {
    /// `None` only while it is dropped.
    client: Option<Object>,
    discarded: AtomicBool,
}

impl SharedSlot {
    pub(crate) fn join(&self) -> Option<Arc<Shared>> {
        let shared = self.0.lock().unwrap_or_else(PoisonError::into_inner).upgrade()?;
        let usable = !shared.discarded.load(Ordering::Relaxed)
            && !shared.is_closed()
            && Arc::strong_count(&shared) <= AT_ONCE;
        usable.then_some(shared)
    }

    pub(crate) fn lend(&self, client: Object) -> Arc<Shared> {
        let shared = Arc::new(Shared { client: Some(client), discarded: AtomicBool::new(false) });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&shared);
        shared
    }
}

impl Shared {
    /// Lets no further read join, and does not return the connection to the pool.
    pub(crate) fn discard(&self) {
        self.discarded.store(true, Ordering::Relaxed);
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
        if *self.discarded.get_mut() {
            drop(Object::take(client));
        }
    }
}

impl fmt::Debug for SharedSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSlot").finish_non_exhaustive()
    }
}
