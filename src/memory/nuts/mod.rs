//! Nuts in the memory of one process: bounded, fair to addresses, and expiring without a task.
//!
//! ```text
//! MemoryNutStore                  a shard has a lock and three maps: nuts, outcomes, CPS ids
//! ├── Shard
//! │   ├── FairMap<NutInfo>        records: Slab       one slot a record, never moved
//! │   ├── FairMap<NutInfo>        by_key:  HashTable  u32: number of the slot
//! │   └── FairMap<CpsInfo>        by_end:  Heap       u32: the first to expire is swept
//! ├── Shard                       blocks:  Blocks     a list of slots for each address block, and a
//! └── … up to 16                                      heap of blocks: the largest is evicted from
//! ```
//!
//! Every call first frees a few expired records. So there is no task and no pause.
//!
//! The library needs three orders of the same records: by key, by end and by address block. Any record
//! may leave any of them at any time, because a take, an expiry and an eviction each remove it from all
//! three. With maps of the standard library each order has its own copy of the key and its own
//! allocations, the last one at least one for each address. Here the orders hold 4-byte numbers of
//! slots, and the slot knows its place in each. So a nut takes 290 bytes (`docs/performance.md`), where
//! the goal is 300, and storing or taking one among a million takes less than a microsecond.

mod blocks;
mod fair_map;
mod heap;
mod moment;
mod shard;
mod slab;
mod slot;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{CpsId, CpsInfo, NutInfo, NutState, NutStore, WaitId, Watch};
use tower_sqrl_core::protocol::Nut;

use self::moment::Moment;
use self::shard::Shard;

/// A nut store in memory, for a site with one server. A restart ends the sign-ins under way.
///
/// The store is bounded. It has room for the same number of pending nuts, of outcomes and of CPS ids. A
/// record takes up to 300 bytes and what the application attached to it. If a kind is full, the store
/// evicts a record of the address that has most records of this kind, the oldest first. An address is
/// an IPv4 address or an IPv6 /64 network. A record belongs to the address that requested the sign-in
/// URL. So no address evicts other people's sign-ins, whatever it begins or completes itself.
///
/// Later calls free expired records, a few at a time.
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

impl MemoryNutStore {
    /// The default capacity: records of each kind.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;

    /// A shard has room for at least this many records of each kind, if there are several shards.
    const SHARD: usize = 4096;
    const MOST_SHARDS: usize = 16;

    /// Creates a store with room for a million pending nuts, a million outcomes and a million CPS ids.
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// Creates a store with room for `capacity` pending nuts, as many outcomes and as many CPS ids. The
    /// minimum is 1.
    ///
    /// An outcome lives as long as its chain, 30 minutes by default. So a capacity of 10,000 suffices
    /// for 5 sign-ins a second. The store has up to 16 parts, which may fill up at slightly different
    /// times. Below 8,192 records it has one part.
    pub fn with_capacity(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, u32::MAX as usize / 2);
        let shards = 1 << (capacity / Self::SHARD).clamp(1, Self::MOST_SHARDS).ilog2();
        let shards = (0..shards).map(|_| Shard::new(capacity.div_ceil(shards))).collect();
        Self { start: Instant::now(), shards }
    }

    /// Returns the shard of a key. The hash tables use the other end of the key.
    fn shard(&self, key: &[u8; 16]) -> &Shard {
        &self.shards[usize::from(key[15]) % self.shards.len()]
    }

    fn now(&self) -> Moment {
        Moment::START.after(self.start.elapsed())
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

/// Shows the number of records of each kind, and no record.
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
