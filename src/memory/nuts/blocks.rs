use std::cmp::Reverse;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::heap::{Heap, Ranked};
use super::slab::{Id, Slab};
use super::slot::{Charged, Links, Slot};
use crate::address_block::AddressBlock;

/// The records of one map by address block: for each block a list of its records, oldest first, and a
/// heap of the blocks by their number of records.
pub(super) struct Blocks {
    all: Slab<Block>,
    /// Clients choose their addresses, so the hash needs a key.
    keys: RandomState,
    by_address: HashTable<Id>,
    by_count: Heap,
    /// Counts the blocks that were added. After 2³² it restarts, which only affects the order among
    /// blocks of equal size.
    turn: u32,
}

/// An address block with at least one record. The records have the address.
pub(super) struct Block {
    count: u32,
    oldest: Id,
    newest: Id,
    /// Its place in the heap.
    place: u32,
    /// The turn in which it was added.
    since: u32,
}

/// The largest block comes first; among equal ones, the one that was added first.
impl Ranked for Block {
    type Rank = (Reverse<u32>, u32);

    fn rank(&self) -> Self::Rank {
        (Reverse(self.count), self.since)
    }

    fn place(&mut self) -> &mut u32 {
        &mut self.place
    }
}

impl Blocks {
    pub(super) fn new() -> Self {
        Self {
            all: Slab::new(),
            keys: RandomState::new(),
            by_address: HashTable::new(),
            by_count: Heap::new(),
            turn: 0,
        }
    }

    /// Returns the record to evict first.
    pub(super) fn oldest_of_largest(&self) -> Option<Id> {
        self.by_count.first().map(|id| self.all[id].oldest)
    }

    /// Adds a record as the newest of its block.
    pub(super) fn add<T: Charged>(&mut self, records: &mut Slab<Slot<T>>, new: Id) {
        let address = address(records, new);
        let hash = self.keys.hash_one(address);
        let same = |id: &Id| self.address(records, *id) == address;
        if let Some(&id) = self.by_address.find(hash, same) {
            let block = &mut self.all[id];
            let older = std::mem::replace(&mut block.newest, new);
            block.count += 1;
            records[older].links.newer = Some(new);
            records[new].links = Links { block: Some(id), older: Some(older), newer: None };
            self.by_count.settle(&mut self.all, id);
        } else {
            self.turn = self.turn.wrapping_add(1);
            let block = Block { count: 1, oldest: new, newest: new, place: 0, since: self.turn };
            let id = self.all.insert(block);
            records[new].links.block = Some(id);
            let (all, keys) = (&self.all, &self.keys);
            self.by_address.insert_unique(hash, id, |&id| {
                keys.hash_one(self::address(records, all[id].oldest))
            });
            self.by_count.insert(&mut self.all, id);
        }
    }

    /// Removes a record, and its block after the last record.
    pub(super) fn remove<T: Charged>(&mut self, records: &mut Slab<Slot<T>>, gone: Id) {
        let Links { block, older, newer } = records[gone].links;
        let Some(id) = block else { return };
        if let Some(older) = older {
            records[older].links.newer = newer;
        }
        if let Some(newer) = newer {
            records[newer].links.older = older;
        }
        let Some(any) = older.or(newer) else {
            let hash = self.keys.hash_one(address(records, gone));
            if let Ok(entry) = self.by_address.find_entry(hash, |&other| other == id) {
                entry.remove();
            }
            self.by_count.remove(&mut self.all, id);
            self.all.remove(id);
            return;
        };
        let block = &mut self.all[id];
        block.count -= 1;
        if block.oldest == gone {
            block.oldest = newer.unwrap_or(any);
        }
        if block.newest == gone {
            block.newest = older.unwrap_or(any);
        }
        self.by_count.settle(&mut self.all, id);
    }

    fn address<T: Charged>(&self, records: &Slab<Slot<T>>, id: Id) -> AddressBlock {
        address(records, self.all[id].oldest)
    }
}

fn address<T: Charged>(records: &Slab<Slot<T>>, id: Id) -> AddressBlock {
    AddressBlock::of(records[id].info.ip())
}
