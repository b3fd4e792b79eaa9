use std::cmp::Reverse;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::fair_map::{Charged, Slot};
use super::heap::{Heap, Ranked};
use super::slab::{Id, Slab};
use crate::address_block::AddressBlock;

/// The records of one map by address block: each block's records, oldest first, and the blocks
/// by how many they have.
pub(super) struct Blocks {
    all: Slab<Block>,
    /// An address is chosen by whoever asks, so that its hash needs a key.
    keys: RandomState,
    by_address: HashTable<Id>,
    by_count: Heap,
    /// Counts the blocks that have come. That it begins anew after 2³² only lets some
    /// equals go in another order.
    turn: u32,
}

/// A record's block, and its neighbours there.
#[derive(Clone, Copy)]
pub(super) struct Links {
    block: Option<Id>,
    older: Option<Id>,
    newer: Option<Id>,
}

impl Links {
    pub(super) const NONE: Self = Self { block: None, older: None, newer: None };
}

/// An address block with its records, of which there is one at least. The address is theirs.
pub(super) struct Block {
    count: u32,
    oldest: Id,
    newest: Id,
    /// Its place in the order of counts.
    place: u32,
    /// Since when it has had records without a break.
    since: u32,
}

/// The largest first; of equal ones that which came first.
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

    /// The record to be evicted first.
    pub(super) fn oldest_of_largest(&self) -> Option<Id> {
        self.by_count.first().map(|id| self.all[id].oldest)
    }

    /// Enters a record as its block's newest.
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

    /// Strikes a record out, and its block with the last one.
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
