use std::mem::size_of;

use proptest::prelude::*;

use super::super::blocks::Block;
use super::super::heap::{Heap, Ranked};
use super::super::slab::{Entry, Id, Slab};
use super::super::slot::Slot;
use tower_sqrl_core::nuts::{CpsInfo, NutInfo};

/// 300 bytes for a record: its slot, at most 12 bytes of the table by key, and 8 of the order of
/// ends; and where every record is of another address, its block, and as much again for the table
/// and the order of blocks.
#[test]
fn a_slot_is_as_small_as_documented() {
    let (block, filed) = (size_of::<Entry<Block>>(), 12 + 8);
    for slot in [size_of::<Entry<Slot<NutInfo>>>(), size_of::<Entry<Slot<CpsInfo>>>()] {
        assert!(
            slot + filed + block + filed <= 300,
            "{slot} bytes for a slot, {block} for a block"
        );
    }
}

#[derive(Debug)]
struct Ball {
    rank: u8,
    place: u32,
}

impl Ranked for Ball {
    type Rank = u8;

    fn rank(&self) -> u8 {
        self.rank
    }

    fn place(&mut self) -> &mut u32 {
        &mut self.place
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Insert(u8),
    Remove(prop::sample::Index),
    Change(prop::sample::Index, u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<u8>().prop_map(Step::Insert),
        2 => any::<prop::sample::Index>().prop_map(Step::Remove),
        1 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(i, r)| Step::Change(i, r)),
    ]
}

proptest! {
    #[test]
    fn a_heap_knows_the_first_and_a_slab_all(steps in prop::collection::vec(step(), 0..400)) {
        let (mut slab, mut heap) = (Slab::new(), Heap::new());
        let mut model: Vec<(Id, u8)> = Vec::new();
        for step in steps {
            match step {
                Step::Insert(rank) => {
                    let id = slab.insert(Ball { rank, place: 0 });
                    prop_assert!(model.iter().all(|(other, _)| *other != id));
                    heap.insert(&mut slab, id);
                    model.push((id, rank));
                }
                Step::Remove(index) if !model.is_empty() => {
                    let (id, rank) = model.swap_remove(index.index(model.len()));
                    heap.remove(&mut slab, id);
                    prop_assert_eq!(slab.remove(id).rank, rank);
                }
                Step::Change(index, rank) if !model.is_empty() => {
                    let at = index.index(model.len());
                    model[at].1 = rank;
                    slab[model[at].0].rank = rank;
                    heap.settle(&mut slab, model[at].0);
                }
                Step::Remove(_) | Step::Change(..) => {}
            }
            prop_assert_eq!(slab.len(), model.len());
            let least = model.iter().map(|(_, rank)| *rank).min();
            prop_assert_eq!(heap.first().map(|id| slab[id].rank), least);
        }
        // Every value is in its place still: taken out one by one they come in order.
        let mut ranks = Vec::new();
        while let Some(id) = heap.first() {
            heap.remove(&mut slab, id);
            ranks.push(slab.remove(id).rank);
        }
        prop_assert!(ranks.is_sorted() && ranks.len() == model.len());
    }
}
