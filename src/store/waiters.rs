use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Watch;

/// Who in this process watches which wait: the local half of a store's announcements, for
/// stores to build [`NutStore::watch`](super::NutStore::watch) with.
///
/// `K` is what an announcement says: the [`WaitId`](super::WaitId), or a part of it. An
/// entry goes with the last of its watches. Clones are the same one.
///
/// ```
/// use tower_sqrl::store::{WaitId, Waiters};
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
