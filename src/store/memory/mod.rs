//! Nuts in the memory of one process: bounded, and expiring on its own.
//!
//! A shard is a complete small store under one lock. Within it the pending nuts
//! stand in a slab and are filed by their numbers: in a hash table by nut, in a heap by
//! their end, in a list by the address that asked. Every call first frees a few records
//! that have expired, so that there is no task and no pause.

mod blocks;
mod heap;
mod kept;
mod pending;
mod shard;
mod slab;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use self::shard::Shard;
use super::{CpsId, CpsInfo, NutInfo, NutState, NutStore, StoreError, WaitId, Watch};
use crate::protocol::Nut;

/// How many expired records of a kind one call frees at most: more than it can create, so
/// that they get fewer.
const SWEEP: usize = 4;

/// Nuts in memory, for a server that is alone; a restart ends the sign-ins under way.
///
/// It is bounded: a pending nut takes up to 300 bytes and what the application attached
/// to it. Where it is full it gives up a pending nut of the IPv4 address or IPv6 /64
/// network that has most, the oldest first, so that no address pushes out other
/// people's sign-ins. An outcome or a CPS id it never gives up; where there are too many
/// it refuses new ones as [`Unavailable`](super::StoreErrorKind::Unavailable).
///
/// What has expired is freed by later calls, a few at a time.
///
/// ```
/// use tower_sqrl::store::MemoryNutStore;
///
/// let nuts = MemoryNutStore::with_capacity(100_000); // 30 MB at most; a million by default
/// # let _ = nuts;
/// ```
pub struct MemoryNutStore {
    start: Instant,
    shards: Box<[Shard]>,
}

/// Nanoseconds since the store was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(u64);

impl MemoryNutStore {
    /// How many pending nuts a store has room for unless it is told otherwise.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;

    /// Below so many pending nuts per shard, there are fewer shards.
    const SHARD: usize = 4096;
    const MOST_SHARDS: usize = 16;
    const LEAST_KEPT: usize = 10_000;

    /// A store with room for a million pending nuts.
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// A store with room for so many pending nuts, one at least, and for as many outcomes
    /// and CPS ids, 10,000 each at least.
    ///
    /// The room is divided into up to 16 parts, one of which may be full a little before
    /// the others; below 8,192 nuts there is one.
    pub fn with_capacity(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, u32::MAX as usize / 2);
        let shards = 1 << (capacity / Self::SHARD).clamp(1, Self::MOST_SHARDS).ilog2();
        let pending = capacity.div_ceil(shards);
        let kept = capacity.max(Self::LEAST_KEPT).div_ceil(shards);
        let shards = (0..shards).map(|_| Shard::new(pending, kept)).collect();
        Self { start: Instant::now(), shards }
    }

    /// The shard of a key. The hash tables use the key's other end.
    fn shard(&self, key: &[u8; 16]) -> &Shard {
        &self.shards[usize::from(key[15]) % self.shards.len()]
    }

    fn now(&self) -> Moment {
        Moment::after(Moment(0), self.start.elapsed())
    }
}

impl Moment {
    fn after(self, time: Duration) -> Self {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl Default for MemoryNutStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl NutStore for MemoryNutStore {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let (now, info) = (self.now(), info.clone());
        self.shard(nut.as_bytes()).store_nut(*nut, info, state, now, now.after(ttl))
    }

    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let now = self.now();
        let records = self.shard(nut.as_bytes()).records(now);
        Ok(match state {
            NutState::Pending => records.pending.get(nut, now),
            NutState::Authorized => records.outcomes.get(nut.as_bytes(), now),
        })
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let now = self.now();
        let mut records = self.shard(nut.as_bytes()).records(now);
        Ok(match state {
            NutState::Pending => records.pending.take(nut, now),
            NutState::Authorized => records.outcomes.take(nut.as_bytes(), now),
        })
    }

    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let (now, info) = (self.now(), info.clone());
        let mut records = self.shard(id.as_bytes()).records(now);
        records.cps_ids.create(*id.as_bytes(), info, now, now.after(ttl))
    }

    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        let now = self.now();
        Ok(self.shard(id.as_bytes()).records(now).cps_ids.get(id.as_bytes(), now))
    }

    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        let now = self.now();
        Ok(self.shard(id.as_bytes()).records(now).cps_ids.take(id.as_bytes(), now))
    }

    async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        Ok(self.shard(wait.as_bytes()).waiters.watch(*wait))
    }
}

/// How many records of each kind there are; not which.
impl fmt::Debug for MemoryNutStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.now();
        let (mut pending, mut outcomes, mut cps_ids, mut waits) = (0, 0, 0, 0);
        for shard in &self.shards {
            let records = shard.records(now);
            pending += records.pending.len();
            outcomes += records.outcomes.len();
            cps_ids += records.cps_ids.len();
            waits += shard.waiters.len();
        }
        f.debug_struct("MemoryNutStore")
            .field("pending", &pending)
            .field("outcomes", &outcomes)
            .field("cps_ids", &cps_ids)
            .field("watched", &waits)
            .finish_non_exhaustive()
    }
}
