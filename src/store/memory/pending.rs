use hashbrown::HashTable;

use super::blocks::{Blocks, Links};
use super::heap::{Heap, Ranked};
use super::slab::{Id, Slab};
use super::{Moment, SWEEP};
use crate::protocol::Nut;
use crate::store::{NutInfo, StoreError};

/// The pending nuts of one shard: by nut, by their end, by the address that asked.
pub(super) struct Pending {
    capacity: usize,
    nuts: Slab<Slot>,
    by_nut: HashTable<Id>,
    by_end: Heap,
    blocks: Blocks,
}

/// A pending nut. All of it is here, so that a nut costs no allocation of its own.
pub(super) struct Slot {
    nut: Nut,
    end: Moment,
    /// Its place in the order of ends.
    place: u32,
    /// Its place among its address block's.
    pub(super) links: Links,
    pub(super) info: NutInfo,
}

impl Ranked for Slot {
    type Rank = Moment;

    fn rank(&self) -> Moment {
        self.end
    }

    fn place(&mut self) -> &mut u32 {
        &mut self.place
    }
}

/// Nuts are random, so that they are their own hash.
fn hash(nut: &Nut) -> u64 {
    nut.as_bytes().first_chunk().copied().map_or(0, u64::from_le_bytes)
}

impl Pending {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            nuts: Slab::new(),
            by_nut: HashTable::new(),
            by_end: Heap::new(),
            blocks: Blocks::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.nuts.len()
    }

    pub(super) fn create(
        &mut self,
        nut: Nut,
        info: NutInfo,
        now: Moment,
        end: Moment,
    ) -> Result<(), StoreError> {
        if let Some(id) = self.find(&nut) {
            if self.nuts[id].end > now {
                return Err(StoreError::conflict());
            }
            self.remove(id);
        }
        let links = Links::NONE;
        let id = self.nuts.insert(Slot { nut, end, place: 0, links, info });
        let nuts = &self.nuts;
        self.by_nut.insert_unique(hash(&nut), id, |&id| hash(&nuts[id].nut));
        self.by_end.insert(&mut self.nuts, id);
        self.blocks.add(&mut self.nuts, id);
        while self.nuts.len() > self.capacity {
            self.give_one_up(now);
        }
        Ok(())
    }

    pub(super) fn get(&self, nut: &Nut, now: Moment) -> Option<NutInfo> {
        let slot = &self.nuts[self.find(nut)?];
        (slot.end > now).then(|| slot.info.clone())
    }

    pub(super) fn take(&mut self, nut: &Nut, now: Moment) -> Option<NutInfo> {
        let slot = self.remove(self.find(nut)?);
        (slot.end > now).then_some(slot.info)
    }

    /// Frees what has expired, no more than a few.
    pub(super) fn sweep(&mut self, now: Moment) {
        for _ in 0..SWEEP {
            match self.expired(now) {
                Some(id) => self.remove(id),
                None => break,
            };
        }
    }

    fn find(&self, nut: &Nut) -> Option<Id> {
        self.by_nut.find(hash(nut), |&id| self.nuts[id].nut == *nut).copied()
    }

    fn expired(&self, now: Moment) -> Option<Id> {
        self.by_end.first().filter(|&id| self.nuts[id].end <= now)
    }

    /// One that has expired, or else the oldest of the address that holds most: so nobody
    /// pushes out other people's nuts with any number of their own.
    fn give_one_up(&mut self, now: Moment) {
        if let Some(id) = self.expired(now).or_else(|| self.blocks.oldest_of_largest()) {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: Id) -> Slot {
        self.blocks.remove(&mut self.nuts, id);
        self.by_end.remove(&mut self.nuts, id);
        if let Ok(entry) = self.by_nut.find_entry(hash(&self.nuts[id].nut), |&other| other == id) {
            entry.remove();
        }
        let slot = self.nuts.remove(id);
        // With the last nut, what a flood took is given back.
        if self.nuts.len() == 0 && self.nuts.has_grown() {
            *self = Self::new(self.capacity);
        }
        slot
    }
}
