//! The stores that the servers share, and their clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tower_sqrl::faults::FaultyIdentityStore;
use tower_sqrl::faults::FaultyNutStore;
use tower_sqrl::identities::IdentityStore;
use tower_sqrl::memory::MemoryIdentityStore;
use tower_sqrl::memory::MemoryNutStore;
use tower_sqrl::nuts::NutStore;

use super::yields::RandomYields;

/// The clock of the stores.
#[async_trait]
pub trait TestClock: fmt::Debug + Send + Sync {
    /// Advances the clock by at least `time`.
    async fn advance(&self, time: Duration);

    /// Returns the time by which the stores are ahead of the history. Since its start, `elapsed` has
    /// passed in real time, and the history has advanced the clock by `advanced`.
    fn drift(&self, elapsed: Duration, advanced: Duration) -> Duration;
}

/// The system's clock. Advancing it means waiting.
#[derive(Debug)]
pub struct SystemClock;

#[async_trait]
impl TestClock for SystemClock {
    async fn advance(&self, time: Duration) {
        // Some stores round up to the next millisecond.
        tokio::time::sleep(time + Duration::from_millis(2)).await;
    }

    fn drift(&self, elapsed: Duration, advanced: Duration) -> Duration {
        elapsed.saturating_sub(advanced)
    }
}

/// Tokio's paused clock, which memory stores use.
#[derive(Debug)]
pub struct PausedClock;

#[async_trait]
impl TestClock for PausedClock {
    async fn advance(&self, time: Duration) {
        tokio::time::advance(time).await;
    }

    fn drift(&self, _: Duration, _: Duration) -> Duration {
        Duration::ZERO
    }
}

/// The stores that the servers share, and their clock.
#[derive(Debug, Clone)]
pub struct Stores {
    /// One nut store, or one handle for each server.
    pub nuts: Vec<Arc<dyn NutStore>>,
    /// One identity store, or one handle for each server.
    pub identities: Vec<Arc<dyn IdentityStore>>,
    /// Their clock.
    pub clock: Arc<dyn TestClock>,
    /// Selects different keys for each history that shares the stores. 0 if none does.
    pub salt: u64,
}

impl Stores {
    /// Creates memory stores on tokio's paused clock.
    pub fn in_memory() -> Self {
        let nuts = Arc::new(MemoryNutStore::with_capacity(10_000));
        let identities = Arc::new(MemoryIdentityStore::new());
        Self {
            nuts: vec![Arc::new(FaultyNutStore::new(nuts, &RandomYields))],
            identities: vec![Arc::new(FaultyIdentityStore::new(identities, &RandomYields))],
            clock: Arc::new(PausedClock),
            salt: 0,
        }
    }

    /// The handles of a server.
    pub(super) fn of(&self, server: usize) -> (&Arc<dyn NutStore>, &Arc<dyn IdentityStore>) {
        (&self.nuts[server % self.nuts.len()], &self.identities[server % self.identities.len()])
    }
}
