//! Nuts in the memory of one process: bounded, and expiring on its own.
//!
//! A shard is a complete small store under one lock. Within it the records of each kind
//! stand in a slab and are filed by their numbers: in a hash table by key, in a heap by
//! their end, in a list by the address that asked. Every call first frees a few records
//! that have expired, so that there is no task and no pause.

mod blocks;
mod fair_map;
mod heap;
mod shard;
mod slab;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use self::shard::Shard;
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{CpsId, CpsInfo, NutInfo, NutState, NutStore, WaitId, Watch};
use tower_sqrl_core::protocol::Nut;

/// How many expired records of a kind one call frees at most: more than it can create, so
/// that they get fewer.
const SWEEP: usize = 4;

/// Nuts in memory, for a server that is alone; a restart ends the sign-ins under way.
///
/// It is bounded: it holds so many pending nuts, as many outcomes and as many CPS ids, each of up
/// to 300 bytes and what the application attached to it. When a kind is full, the store evicts a
/// record of the address that holds most of that kind, the oldest first. An address is an IPv4
/// address or an IPv6 /64 network, and a record belongs to the address that asked for its SQRL
/// URL. So no address evicts other people's sign-ins, whatever it begins or completes itself.
///
/// What has expired is freed by later calls, a few at a time.
///
/// ```
/// use tower_sqrl::memory::MemoryNutStore;
///
/// let nuts = MemoryNutStore::with_capacity(100_000); // 90 MB at most; a million by default
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
    /// How many records of each kind a store has room for by default.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;

    /// Below so many records of a kind per shard, there are fewer shards.
    const SHARD: usize = 4096;
    const MOST_SHARDS: usize = 16;

    /// A store with room for a million pending nuts, outcomes and CPS ids each.
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// A store with room for so many pending nuts, outcomes and CPS ids each, at least one.
    ///
    /// An outcome lives as long as its chain, 30 minutes by default: 10,000 have room for 5
    /// sign-ins a second. The room is divided into up to 16 parts, one of which may be full a
    /// little before the others; below 8,192 records there is one.
    pub fn with_capacity(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, u32::MAX as usize / 2);
        let shards = 1 << (capacity / Self::SHARD).clamp(1, Self::MOST_SHARDS).ilog2();
        let shards = (0..shards).map(|_| Shard::new(capacity.div_ceil(shards))).collect();
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
    fn is_in_process(&self) -> bool {
        true
    }

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
            NutState::Pending => records.pending.get(nut.as_bytes(), now),
            NutState::Authorized => records.outcomes.get(nut.as_bytes(), now),
        })
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let now = self.now();
        let mut records = self.shard(nut.as_bytes()).records(now);
        Ok(match state {
            NutState::Pending => records.pending.take(nut.as_bytes(), now),
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
