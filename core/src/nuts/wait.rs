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

/// Under which a chain's outcome is filed: the hash of the secret that only the browser
/// that asked for the link holds.
///
/// Section 4 of `docs/protocol.md`: the specification leaves open how a browser proves
/// that it asked for the link.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WaitId(Nut);

impl WaitId {
    /// The wait id of a browser's secret: the first 128 bits of its SHA-256.
    pub fn of_secret(secret: &[u8; 16]) -> Self {
        Self::of_hash(Sha256::digest(secret).into())
    }

    /// The id under which the wait's refusal is stored: the first 128 bits of the SHA-256 of
    /// `refusal` and the wait id.
    ///
    /// The outcome and the refusal have a key each, so that storing a refusal never touches an
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

    /// The id of these 16 bytes: for ids that come back from a store.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Nut::from_bytes(bytes))
    }

    /// The id's 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The key of the outcome, for the hooks that take a nut.
    pub const fn as_nut(&self) -> &Nut {
        &self.0
    }
}

impl fmt::Debug for WaitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WaitId(…)")
    }
}

/// Resolves when a store announces the outcome that is watched, which means no more than
/// "look". It may never do so: whoever waits looks now and then all the same.
pub struct Watch(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Watch {
    /// Of a store that announces nothing: never resolves.
    pub const fn silent() -> Self {
        Self(None)
    }

    /// Resolves with `announcement`.
    pub fn new(announcement: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(Box::pin(announcement)))
    }

    /// Whether the store announces nothing, so that looking is all there is.
    pub const fn is_silent(&self) -> bool {
        self.0.is_none()
    }

    /// Waits for the announcement; for ever once it has come.
    ///
    /// Cancel safe: what has not come yet may be waited for again.
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

/// Who in this process watches which wait: the local half of a store's announcements, for
/// stores to build [`NutStore::watch`](super::NutStore::watch) with.
///
/// `K` is what an announcement says: the [`WaitId`](super::WaitId), or a part of it. An
/// entry goes with the last of its watches. Clones are the same one.
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
    /// Hears of every announcement from here on, polled or not.
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

    /// Wakes who watches this key.
    pub fn announce(&self, key: &K) {
        if let Some(waiter) = self.lock().get(key) {
            waiter.outcome.notify_waiters();
        }
    }

    /// Wakes everybody, after a time in which announcements may have been lost.
    pub fn announce_all(&self) {
        self.lock().values().for_each(|waiter| waiter.outcome.notify_waiters());
    }

    /// How many keys are watched.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nobody watches anything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nothing that can panic runs under the lock.
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

/// One watch's hold on its key.
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
