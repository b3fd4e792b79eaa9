//! Waiting for the outcome of a sign-in.

use std::collections::HashMap;
use std::fmt;
use std::future::{self, Future};
use std::hash::Hash;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;

use crate::protocol::Nut;

/// The key of a sign-in's outcome: the hash of a secret that only the browser has that requested
/// the SQRL URL.
///
/// Section 4 of `docs/protocol.md`: the specification leaves open how a browser proves that it
/// requested the URL.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WaitId(Nut);

impl WaitId {
    /// Returns the wait id of a browser's secret: the first 128 bits of its SHA-256.
    pub fn of_secret(secret: &[u8; 16]) -> Self {
        Self::of_hash(Sha256::digest(secret).into())
    }

    /// Returns the key of a refusal for this sign-in: the first 128 bits of the SHA-256 of
    /// `refusal` and the wait id.
    ///
    /// The outcome and the refusal have different keys, so storing a refusal never changes an
    /// outcome.
    #[must_use]
    pub fn refusal(&self) -> Self {
        Self::of_hash(
            Sha256::new_with_prefix(b"refusal").chain_update(self.as_bytes()).finalize().into(),
        )
    }

    fn of_hash(hash: [u8; 32]) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Self(Nut::from_bytes(bytes))
    }

    /// Creates a wait id from 16 bytes that were stored.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Nut::from_bytes(bytes))
    }

    /// Returns the 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Returns the key for the hooks that take a nut.
    pub const fn as_nut(&self) -> &Nut {
        &self.0
    }
}

impl fmt::Debug for WaitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WaitId(…)")
    }
}

/// A notification that an outcome was stored. It may come without need and it may get lost, so the
/// receiver also polls the store.
pub struct Watch(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Watch {
    /// Creates a watch that never resolves, for a store without notifications.
    pub const fn silent() -> Self {
        Self(None)
    }

    /// Creates a watch that resolves with `announcement`.
    pub fn new(announcement: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(Box::pin(announcement)))
    }

    /// Returns whether the store has no notifications, so that the receiver only polls.
    pub const fn is_silent(&self) -> bool {
        self.0.is_none()
    }

    /// Waits for the notification. Once it has come, further calls never return.
    ///
    /// Cancel safe: call it again to continue waiting.
    pub async fn announced(&mut self) {
        match &mut self.0 {
            Some(announcement) => announcement.as_mut().await,
            None => future::pending().await,
        }
        self.0 = None;
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("silent", &self.is_silent()).finish()
    }
}

/// The watches of this process: the local part of a store's notifications, with which a store
/// implements [`NutStore::watch`](super::NutStore::watch).
///
/// `K` is the content of an announcement: the [`WaitId`](super::WaitId), or a part of it. An entry
/// is removed with the last of its watches. Clones share the watches.
///
/// ```
/// use tower_sqrl_core::nuts::{WaitId, Waiters};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let waiters = Waiters::default();
/// let wait = WaitId::from_bytes([7; 16]);
/// let mut watch = waiters.watch(wait);
/// waiters.announce(&wait);
/// watch.announced().await;
/// # }
/// ```
pub struct Waiters<K>(Arc<Mutex<HashMap<K, Waiter>>>);

#[derive(Default)]
struct Waiter {
    watches: usize,
    outcome: Arc<Notify>,
}

impl<K: Copy + Eq + Hash + Send + 'static> Waiters<K> {
    /// Creates a watch. It receives every announcement from now on, even before it is polled.
    pub fn watch(&self, key: K) -> Watch {
        let outcome = {
            let mut waiters = self.lock();
            let waiter = waiters.entry(key).or_default();
            waiter.watches += 1;
            Arc::clone(&waiter.outcome).notified_owned()
        };
        let entry = Entry { waiters: self.clone(), key };
        Watch::new(async move {
            let _entry = entry;
            outcome.await;
        })
    }

    /// Notifies the watches of this key.
    pub fn announce(&self, key: &K) {
        if let Some(waiter) = self.lock().get(key) {
            waiter.outcome.notify_waiters();
        }
    }

    /// Notifies all watches. Call it after announcements may have been lost.
    pub fn announce_all(&self) {
        self.lock().values().for_each(|waiter| waiter.outcome.notify_waiters());
    }

    /// Returns the number of watched keys.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Returns whether there are no watches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// No code under the lock can panic.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Waiter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Clone for Waiters<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Waiters<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K> fmt::Debug for Waiters<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiters")
    }
}

/// Removes a key when its last watch is dropped.
struct Entry<K: Copy + Eq + Hash + Send + 'static> {
    waiters: Waiters<K>,
    key: K,
}

impl<K: Copy + Eq + Hash + Send + 'static> Drop for Entry<K> {
    fn drop(&mut self) {
        let mut waiters = self.waiters.lock();
        if let Some(waiter) = waiters.get_mut(&self.key) {
            waiter.watches -= 1;
            if waiter.watches == 0 {
                waiters.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_who_wait_for_it_hear_and_nothing_stays() {
        let waiters = Waiters::<u8>::default();
        let (mut first, mut second) = (waiters.watch(1), waiters.watch(1));
        let (given_up, mut patient) = (waiters.watch(2), waiters.watch(2));
        waiters.announce(&1);
        first.announced().await;
        second.announced().await;
        assert_eq!(waiters.len(), 1);
        drop(given_up);
        assert_eq!(waiters.len(), 1);
        waiters.announce_all();
        patient.announced().await;
        assert!(waiters.is_empty());
        drop(waiters.watch(2));
        assert!(waiters.is_empty());
    }
}
