use hashbrown::HashTable;
use tower_sqrl_core::StoreError;

use super::blocks::Blocks;
use super::heap::Heap;
use super::moment::Moment;
use super::slab::{Id, Slab};
use super::slot::{Charged, Links, Slot};

/// Maximum number of expired records that one call frees. A call creates fewer, so their number falls.
pub(super) const SWEEP: usize = 4;

/// The records of one kind in one shard, by key, by end and by address block.
///
/// If the map is full, it evicts a record of the address block that has most.
pub(super) struct FairMap<T> {
    capacity: usize,
    records: Slab<Slot<T>>,
    by_key: HashTable<Id>,
    by_end: Heap,
    blocks: Blocks,
}

/// Keys are random, or the hash of something random. So a key is its own hash.
fn hash(key: &[u8; 16]) -> u64 {
    key.first_chunk().copied().map_or(0, u64::from_le_bytes)
}

impl<T: Charged + Clone> FairMap<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            records: Slab::new(),
            by_key: HashTable::new(),
            by_end: Heap::new(),
            blocks: Blocks::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn create(
        &mut self,
        key: [u8; 16],
        info: T,
        now: Moment,
        end: Moment,
    ) -> Result<(), StoreError> {
        if let Some(id) = self.find(&key) {
            if self.records[id].end > now {
                return Err(StoreError::conflict());
            }
            self.remove(id);
        }
        let links = Links::NONE;
        let id = self.records.insert(Slot { key, end, place: 0, links, info });
        let records = &self.records;
        self.by_key.insert_unique(hash(&key), id, |&id| hash(&records[id].key));
        self.by_end.insert(&mut self.records, id);
        self.blocks.add(&mut self.records, id);
        while self.records.len() > self.capacity {
            self.evict_one(now);
        }
        Ok(())
    }

    pub(super) fn get(&self, key: &[u8; 16], now: Moment) -> Option<T> {
        let slot = &self.records[self.find(key)?];
        (slot.end > now).then(|| slot.info.clone())
    }

    pub(super) fn take(&mut self, key: &[u8; 16], now: Moment) -> Option<T> {
        let slot = self.remove(self.find(key)?);
        (slot.end > now).then_some(slot.info)
    }

    /// Frees a few expired records.
    pub(super) fn sweep(&mut self, now: Moment) {
        for _ in 0..SWEEP {
            match self.expired(now) {
                Some(id) => self.remove(id),
                None => break,
            };
        }
    }

    fn find(&self, key: &[u8; 16]) -> Option<Id> {
        self.by_key.find(hash(key), |&id| self.records[id].key == *key).copied()
    }

    fn expired(&self, now: Moment) -> Option<Id> {
        self.by_end.first().filter(|&id| self.records[id].end <= now)
    }

    /// Evicts an expired record, or else the oldest of the address block that has most. So no address
    /// evicts other people's records, however many of its own it adds.
    fn evict_one(&mut self, now: Moment) {
        if let Some(id) = self.expired(now).or_else(|| self.blocks.oldest_of_largest()) {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: Id) -> Slot<T> {
        self.blocks.remove(&mut self.records, id);
        self.by_end.remove(&mut self.records, id);
        let entry = self.by_key.find_entry(hash(&self.records[id].key), |&other| other == id);
        if let Ok(entry) = entry {
            entry.remove();
        }
        let slot = self.records.remove(id);
        // After the last record, the memory that a flood took is freed.
        if self.records.len() == 0 && self.records.has_grown() {
            *self = Self::new(self.capacity);
        }
        slot
    }
}
