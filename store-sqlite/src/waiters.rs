use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tower_sqrl::store::{WaitId, Watch};

/// Who waits for which outcome, in this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiters(Arc<Mutex<HashMap<[u8; 16], watch::Sender<()>>>>);

impl Waiters {
    /// Waits for the next announcement, from now on.
    pub(crate) fn watch(&self, wait: &WaitId) -> Watch {
        let wait = *wait.as_bytes();
        let announced =
            self.lock().entry(wait).or_insert_with(|| watch::Sender::new(())).subscribe();
        let mut waiter = Waiter { waiters: self.clone(), wait, announced: Some(announced) };
        Watch::new(async move {
            if let Some(announced) = &mut waiter.announced {
                // The announcement is that the sender is gone.
                while announced.changed().await.is_ok() {}
            }
        })
    }

    pub(crate) fn announce(&self, wait: &[u8; 16]) {
        self.lock().remove(wait);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 16], watch::Sender<()>>> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves nothing behind of somebody who gave up.
struct Waiter {
    waiters: Waiters,
    wait: [u8; 16],
    announced: Option<watch::Receiver<()>>,
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut waiters = self.waiters.lock();
        self.announced = None;
        if waiters.get(&self.wait).is_some_and(|sender| sender.receiver_count() == 0) {
            waiters.remove(&self.wait);
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
        let given_up = waiters.watch(&other);
        waiters.announce(one.as_bytes());
        first.announced().await;
        second.announced().await;
        assert_eq!(waiters.lock().len(), 1);
        drop(given_up);
        assert_eq!(waiters.lock().len(), 0);
    }

    #[tokio::test]
    async fn who_gives_up_does_not_take_others_along() {
        let waiters = Waiters::default();
        let wait = WaitId::from_bytes([1; 16]);
        let (given_up, mut patient) = (waiters.watch(&wait), waiters.watch(&wait));
        drop(given_up);
        waiters.announce(wait.as_bytes());
        patient.announced().await;
    }
}
