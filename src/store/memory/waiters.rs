use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::store::{WaitId, Watch};

/// Who watches which wait. An entry goes with the last of its watches.
#[derive(Default)]
pub(super) struct Waiters(Mutex<HashMap<WaitId, Waiter>>);

#[derive(Default)]
struct Waiter {
    watches: usize,
    outcome: Arc<Notify>,
}

impl Waiters {
    pub(super) fn watch(self: &Arc<Self>, wait: WaitId) -> Watch {
        // Hears of everything from here on, polled or not.
        let outcome = {
            let mut waiters = self.lock();
            let waiter = waiters.entry(wait).or_default();
            waiter.watches += 1;
            Arc::clone(&waiter.outcome).notified_owned()
        };
        let entry = WatchEntry { waiters: Arc::clone(self), wait };
        Watch::new(async move {
            let _entry = entry;
            outcome.await;
        })
    }

    pub(super) fn announce(&self, wait: &WaitId) {
        if let Some(waiter) = self.lock().get(wait) {
            waiter.outcome.notify_waiters();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WaitId, Waiter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct WatchEntry {
    waiters: Arc<Waiters>,
    wait: WaitId,
}

impl Drop for WatchEntry {
    fn drop(&mut self) {
        let mut waiters = self.waiters.lock();
        if let Some(waiter) = waiters.get_mut(&self.wait) {
            waiter.watches -= 1;
            if waiter.watches == 0 {
                waiters.remove(&self.wait);
            }
        }
    }
}
