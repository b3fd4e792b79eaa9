use std::cmp::Reverse;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::heap::{Heap, Ranked};
use super::pending::Slot;
use super::slab::{Id, Slab};
use crate::store::AddressBlock;

/// Whose the pending nuts are: for each address block its nuts, oldest first, and the
/// blocks by how many they have.
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

/// A nut's block, and its neighbours there.
#[derive(Clone, Copy)]
pub(super) struct Links {
    block: Option<Id>,
    older: Option<Id>,
    newer: Option<Id>,
}

impl Links {
    pub(super) const NONE: Self = Self { block: None, older: None, newer: None };
}

/// An address block with its nuts, of which there is one at least. The address is theirs.
pub(super) struct Block {
    count: u32,
    oldest: Id,
    newest: Id,
    /// Its place in the order of counts.
    place: u32,
    /// Since when it has had nuts without a break.
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

    /// The nut to be given up first.
    pub(super) fn oldest_of_largest(&self) -> Option<Id> {
        self.by_count.first().map(|id| self.all[id].oldest)
    }

    /// Enters a nut as its block's newest.
    pub(super) fn add(&mut self, nuts: &mut Slab<Slot>, nut: Id) {
        let address = address(nuts, nut);
        let hash = self.keys.hash_one(address);
        let same = |id: &Id| self.address(nuts, *id) == address;
        if let Some(&id) = self.by_address.find(hash, same) {
            let block = &mut self.all[id];
            let older = std::mem::replace(&mut block.newest, nut);
            block.count += 1;
            nuts[older].links.newer = Some(nut);
            nuts[nut].links = Links { block: Some(id), older: Some(older), newer: None };
            self.by_count.settle(&mut self.all, id);
        } else {
            self.turn = self.turn.wrapping_add(1);
            let block = Block { count: 1, oldest: nut, newest: nut, place: 0, since: self.turn };
            let id = self.all.insert(block);
            nuts[nut].links.block = Some(id);
            let (all, keys) = (&self.all, &self.keys);
            self.by_address
                .insert_unique(hash, id, |&id| keys.hash_one(self::address(nuts, all[id].oldest)));
            self.by_count.insert(&mut self.all, id);
        }
    }

    /// Strikes a nut out, and its block with the last one.
    pub(super) fn remove(&mut self, nuts: &mut Slab<Slot>, nut: Id) {
        let Links { block, older, newer } = nuts[nut].links;
        let Some(id) = block else { return };
        if let Some(older) = older {
            nuts[older].links.newer = newer;
        }
        if let Some(newer) = newer {
            nuts[newer].links.older = older;
        }
        let Some(any) = older.or(newer) else {
            let hash = self.keys.hash_one(address(nuts, nut));
            if let Ok(entry) = self.by_address.find_entry(hash, |&other| other == id) {
                entry.remove();
            }
            self.by_count.remove(&mut self.all, id);
            self.all.remove(id);
            return;
        };
        let block = &mut self.all[id];
        block.count -= 1;
        if block.oldest == nut {
            block.oldest = newer.unwrap_or(any);
        }
        if block.newest == nut {
            block.newest = older.unwrap_or(any);
        }
        self.by_count.settle(&mut self.all, id);
    }

    fn address(&self, nuts: &Slab<Slot>, id: Id) -> AddressBlock {
        address(nuts, self.all[id].oldest)
    }
}

fn address(nuts: &Slab<Slot>, nut: Id) -> AddressBlock {
    AddressBlock::of(nuts[nut].info.ip)
}
