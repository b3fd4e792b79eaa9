use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The bytes of a wait id.
pub(crate) type Wait = [u8; 16];

/// By wait, each who listens, with its number.
type Waiting = HashMap<Wait, Vec<(u64, oneshot::Sender<()>)>>;

/// Who in this process waits for which outcome.
#[derive(Default)]
pub(crate) struct Listeners {
    waiting: Mutex<Waiting>,
    next: AtomicU64,
}

impl Listeners {
    /// Ends with the first announcement from now on.
    pub(crate) fn listen(self: &Arc<Self>, wait: Wait) -> Listener {
        let (sender, receiver) = oneshot::channel();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().entry(wait).or_default().push((number, sender));
        Listener { listeners: Arc::clone(self), wait, number, receiver }
    }

    /// The outcome of one wait has been announced.
    pub(crate) fn announce(&self, wait: &Wait) {
        let waiting = self.lock().remove(wait);
        for (_, listener) in waiting.into_iter().flatten() {
            // Whoever has stopped listening needs to hear nothing.
            let _ = listener.send(());
        }
    }

    /// Announcements may have been missed.
    pub(crate) fn announce_all(&self) {
        let waiting = std::mem::take(&mut *self.lock());
        for (_, listener) in waiting.into_values().flatten() {
            let _ = listener.send(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who listens, until dropped.
pub(crate) struct Listener {
    listeners: Arc<Listeners>,
    wait: Wait,
    number: u64,
    receiver: oneshot::Receiver<()>,
}

impl Listener {
    pub(crate) async fn announced(mut self) {
        if (&mut self.receiver).await.is_err() {
            // Nobody is left who could announce anything.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Entry::Occupied(mut waiting) = self.listeners.lock().entry(self.wait) {
            waiting.get_mut().retain(|(number, _)| *number != self.number);
            if waiting.get().is_empty() {
                waiting.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn each_hears_its_own_and_leaves_nothing_behind() {
        let listeners = Arc::new(Listeners::default());
        let first = listeners.listen([1; 16]);
        let again = listeners.listen([1; 16]);
        let other = listeners.listen([2; 16]);
        drop(again);
        listeners.announce(&[1; 16]);
        listeners.announce(&[3; 16]);
        assert_eq!(first.announced().now_or_never(), Some(()));
        assert_eq!(other.announced().now_or_never(), None);
        assert!(listeners.lock().is_empty());
    }

    #[test]
    fn all_hear_when_something_may_have_been_missed() {
        let listeners = Arc::new(Listeners::default());
        let (first, second) = (listeners.listen([1; 16]), listeners.listen([2; 16]));
        listeners.announce_all();
        assert_eq!(first.announced().now_or_never(), Some(()));
        assert_eq!(second.announced().now_or_never(), Some(()));
        assert!(listeners.lock().is_empty());
    }
}
