use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tower_sqrl::store::{WaitId, Watch};

/// What an announcement says: half of the wait id. Any role may listen on any channel of a
/// database, and has no business with the whole; where two ids share a half, somebody
/// looks in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hint(u64);

impl Hint {
    pub(crate) fn of(wait: [u8; 16]) -> Self {
        let [half @ .., _, _, _, _, _, _, _, _] = wait;
        Self(u64::from_be_bytes(half))
    }

    pub(crate) fn to_payload(self) -> String {
        format!("{:016x}", self.0)
    }

    pub(crate) fn from_payload(payload: &str) -> Option<Self> {
        u64::from_str_radix(payload, 16).ok().map(Self)
    }
}

type Senders = HashMap<Hint, watch::Sender<()>>;

/// Who waits on this server. Somebody is woken by his sender's end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiters(Arc<Mutex<Senders>>);

impl Waiters {
    /// Waits for the next announcement, from now on.
    pub(crate) fn watch(&self, wait: &WaitId) -> Watch {
        let hint = Hint::of(*wait.as_bytes());
        let announced = self.lock().entry(hint).or_default().subscribe();
        let mut waiter = Waiter { waiters: self.clone(), hint, announced: Some(announced) };
        Watch::new(async move {
            if let Some(announced) = &mut waiter.announced {
                while announced.changed().await.is_ok() {}
            }
        })
    }

    pub(crate) fn announce(&self, hint: Hint) {
        self.lock().remove(&hint);
    }

    /// Wakes everybody, after a time in which announcements were lost.
    pub(crate) fn announce_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Senders> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves nothing behind of somebody who gave up.
struct Waiter {
    waiters: Waiters,
    hint: Hint,
    announced: Option<watch::Receiver<()>>,
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut senders = self.waiters.lock();
        self.announced = None;
        if senders.get(&self.hint).is_some_and(|sender| sender.receiver_count() == 0) {
            senders.remove(&self.hint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_who_wait_for_it_hear_and_nothing_stays() {
        let waiters = Waiters::default();
        let (one, other) = (WaitId::from_bytes([1; 16]), WaitId::from_bytes([2; 16]));
        let (mut first, mut second) = (waiters.watch(&one), waiters.watch(&one));
        let (given_up, mut patient) = (waiters.watch(&other), waiters.watch(&other));
        waiters.announce(Hint::of([1; 16]));
        first.announced().await;
        second.announced().await;
        assert_eq!(waiters.lock().len(), 1);
        drop(given_up);
        assert_eq!(waiters.lock().len(), 1);
        waiters.announce_all();
        patient.announced().await;
        let given_up = waiters.watch(&other);
        drop(given_up);
        assert_eq!(waiters.lock().len(), 0);
    }

    #[test]
    fn payloads() {
        let hint = Hint::of([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(hint.to_payload(), "0001020304050607");
        assert_eq!(Hint::from_payload("0001020304050607"), Some(hint));
        assert_eq!(Hint::from_payload("what somebody else says"), None);
    }
}
