use std::time::Duration;

/// A moment on the servers' wall clock: milliseconds since 1970.
///
/// Servers that share a store have their clocks kept within a second or so of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment so many milliseconds after the beginning of 1970 (UTC).
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the beginning of 1970 (UTC).
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time from `earlier` until this moment; none if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
