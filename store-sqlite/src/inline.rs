use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Work that takes longer has waited for the disk or for a busy processor.
pub(crate) const SLOW: Duration = Duration::from_millis(5);
/// After slow work no work runs on callers' threads for this many times as long.
const PENALTY: u32 = 20;

/// Decides whether work may run on the caller's thread.
///
/// A call concerns one or two keys. The pages in use are in memory, in SQLite's write-ahead log and the
/// system's file cache, so a call takes about ten microseconds. That is less than the verification of a
/// signature on the same thread, and much less than handing it to another thread. Such a call waits for
/// no lock and for no `fsync`. If the disk is slow nevertheless, it blocks callers for at most a
/// twentieth of the time.
#[derive(Debug)]
pub(crate) struct InlinePolicy {
    since: Instant,
    /// In milliseconds from `since`.
    slow_until: AtomicU64,
}

impl Default for InlinePolicy {
    fn default() -> Self {
        Self { since: Instant::now(), slow_until: AtomicU64::new(0) }
    }
}

impl InlinePolicy {
    pub(crate) fn allows(&self) -> bool {
        self.millis(Instant::now()) >= self.slow_until.load(Ordering::Relaxed)
    }

    /// Does the work, and notes whether it was slow.
    pub(crate) fn measure<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        let ended = Instant::now();
        if ended - begun > SLOW {
            self.slow_until
                .store(self.millis(ended + PENALTY * (ended - begun)), Ordering::Relaxed);
        }
        done
    }

    /// Forgets slow work, which happens by chance on a busy machine.
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
    fn slow_work_keeps_the_next_off_the_thread_for_a_while() {
        let policy = InlinePolicy::default();
        assert!(policy.allows());
        assert_eq!(policy.measure(|| 1), 1);
        assert!(policy.allows());
        policy.measure(|| std::thread::sleep(2 * SLOW));
        assert!(!policy.allows());
        policy.slow_until.store(policy.millis(Instant::now()), Ordering::Relaxed);
        assert!(policy.allows());
    }
}
