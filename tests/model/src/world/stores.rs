//! The stores that the servers share, and how their time passes.

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

use super::stutter::Stutter;

/// How time passes for stores.
#[async_trait]
pub trait Passing: fmt::Debug + Send + Sync {
    /// Lets it pass, no less.
    async fn pass(&self, time: Duration);

    /// How much more has passed for the stores than was to pass: of `elapsed`, since the
    /// history began, `passed` was on purpose.
    fn late(&self, elapsed: Duration, passed: Duration) -> Duration;
}

/// Time that passes by itself, so that one has to wait for it.
#[derive(Debug)]
pub struct Real;

#[async_trait]
impl Passing for Real {
    async fn pass(&self, time: Duration) {
        // Stores count in milliseconds, and some let the last one count.
        tokio::time::sleep(time + Duration::from_millis(2)).await;
    }

    fn late(&self, elapsed: Duration, passed: Duration) -> Duration {
        elapsed.saturating_sub(passed)
    }
}

/// Tokio's paused clock, which memory stores read.
#[derive(Debug)]
pub struct Paused;

#[async_trait]
impl Passing for Paused {
    async fn pass(&self, time: Duration) {
        tokio::time::advance(time).await;
    }

    fn late(&self, _: Duration, _: Duration) -> Duration {
        Duration::ZERO
    }
}

/// What the servers share, and its time.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Sign-ins under way: one store, or a way of its own to it for each server.
    pub nuts: Vec<Arc<dyn NutStore>>,
    /// Identities, the same.
    pub identities: Vec<Arc<dyn IdentityStore>>,
    /// Their clock.
    pub time: Arc<dyn Passing>,
    /// Other people's keys for every history that shares the stores; 0 where none does.
    pub salt: u64,
}

impl Stores {
    /// Stores in memory, on tokio's paused clock.
    pub fn in_memory() -> Self {
        let nuts = Arc::new(MemoryNutStore::with_capacity(10_000));
        let identities = Arc::new(MemoryIdentityStore::new());
        Self {
            nuts: vec![Arc::new(FaultyNutStore::new(nuts, &Stutter))],
            identities: vec![Arc::new(FaultyIdentityStore::new(identities, &Stutter))],
            time: Arc::new(Paused),
            salt: 0,
        }
    }

    /// A server's way to them.
    pub(super) fn of(&self, server: usize) -> (&Arc<dyn NutStore>, &Arc<dyn IdentityStore>) {
        (&self.nuts[server % self.nuts.len()], &self.identities[server % self.identities.len()])
    }
}
