use super::slab::{Id, Slab};

/// A value that a [`Heap`] keeps in order.
pub(super) trait Ranked {
    type Rank: Ord;

    /// Returns the rank. The lowest comes first.
    fn rank(&self) -> Self::Rank;

    /// Returns where the heap stores the value's place.
    fn place(&mut self) -> &mut u32;
}

/// A binary heap of a slab's values, by their numbers. Every value knows its place, so any value can be
/// removed. A change takes O(log n), and an insertion at the end of the order O(1).
pub(super) struct Heap(Vec<Id>);

impl Heap {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the value that comes first.
    pub(super) fn first(&self) -> Option<Id> {
        self.0.first().copied()
    }

    pub(super) fn insert<T: Ranked>(&mut self, slab: &mut Slab<T>, id: Id) {
        self.0.push(id);
        self.rise(slab, self.0.len() - 1);
    }

    /// Removes a value that is still in the slab.
    pub(super) fn remove<T: Ranked>(&mut self, slab: &mut Slab<T>, id: Id) {
        let at = *slab[id].place() as usize;
        self.0.swap_remove(at);
        if let Some(&moved) = self.0.get(at) {
            *slab[moved].place() = place(at);
            self.settle(slab, moved);
        }
    }

    /// Moves a value to its place after its rank has changed.
    pub(super) fn settle<T: Ranked>(&mut self, slab: &mut Slab<T>, id: Id) {
        let at = *slab[id].place() as usize;
        let at = self.rise(slab, at);
        self.sink(slab, at);
    }

    /// Moves a value towards the first, and returns its new place.
    fn rise<T: Ranked>(&mut self, slab: &mut Slab<T>, mut at: usize) -> usize {
        while at > 0 {
            let parent = (at - 1) / 2;
            if slab[self.0[parent]].rank() <= slab[self.0[at]].rank() {
                break;
            }
            self.swap(slab, at, parent);
            at = parent;
        }
        *slab[self.0[at]].place() = place(at);
        at
    }

    fn sink<T: Ranked>(&mut self, slab: &mut Slab<T>, mut at: usize) {
        loop {
            let children = 2 * at + 1..(2 * at + 3).min(self.0.len());
            let least = children.min_by_key(|&child| slab[self.0[child]].rank());
            match least {
                Some(child) if slab[self.0[child]].rank() < slab[self.0[at]].rank() => {
                    self.swap(slab, at, child);
                    at = child;
                }
                _ => return,
            }
        }
    }

    fn swap<T: Ranked>(&mut self, slab: &mut Slab<T>, one: usize, other: usize) {
        self.0.swap(one, other);
        for at in [one, other] {
            *slab[self.0[at]].place() = place(at);
        }
    }
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("no more places than numbers")
}
