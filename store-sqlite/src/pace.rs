use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What takes longer has waited for the disk, or for its turn on a busy processor.
pub(crate) const SLOW: Duration = Duration::from_millis(5);
/// Nothing runs on callers' threads for so many times as long after that.
const KEEP_OFF: u32 = 20;

/// Whether calls may run on the caller's thread.
///
/// A call touches one or two keys. With their pages in memory, where SQLite's write-ahead log
/// and the system's file cache keep what is in use, that takes some ten microseconds: less than
/// the verification of a signature, which runs on the same thread, and a fraction of what
/// another thread and the way back cost. Nothing there waits for a lock or for `fsync`. A disk
/// that is slow nevertheless blocks callers for a twentieth of the time at most.
#[derive(Debug)]
pub(crate) struct Pace {
    since: Instant,
    /// In milliseconds from `since`.
    slow_until: AtomicU64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { since: Instant::now(), slow_until: AtomicU64::new(0) }
    }
}

impl Pace {
    pub(crate) fn is_good(&self) -> bool {
        self.millis(Instant::now()) >= self.slow_until.load(Ordering::Relaxed)
    }

    /// Does the work, and notes whether it was slow.
    pub(crate) fn watch<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        let ended = Instant::now();
        if ended - begun > SLOW {
            self.slow_until
                .store(self.millis(ended + KEEP_OFF * (ended - begun)), Ordering::Relaxed);
        }
        done
    }

    /// Forgets what was slow, as it may be by chance on a busy machine.
    #[cfg(test)]
    pub(crate) fn reset(&self) {
        self.slow_until.store(0, Ordering::Relaxed);
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from((at - self.since).as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_slow_keeps_the_next_off_for_a_while() {
        let pace = Pace::default();
        assert!(pace.is_good());
        assert_eq!(pace.watch(|| 1), 1);
        assert!(pace.is_good());
        pace.watch(|| std::thread::sleep(2 * SLOW));
        assert!(!pace.is_good());
        pace.slow_until.store(pace.millis(Instant::now()), Ordering::Relaxed);
        assert!(pace.is_good());
    }
}
