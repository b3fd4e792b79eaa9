use super::slab::{Id, Slab};

/// What is kept in order by a [`Heap`].
pub(super) trait Ranked {
    type Rank: Ord;

    /// The lowest comes first.
    fn rank(&self) -> Self::Rank;

    /// Where the heap notes the value's place in it.
    fn place(&mut self) -> &mut u32;
}

/// The order of a slab's values: a binary heap of their numbers in which every value knows
/// its place, so that any can be taken out. Every change is O(log n), and an
/// insertion at the end of the order O(1).
pub(super) struct Heap(Vec<Id>);

impl Heap {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value that comes first.
    pub(super) fn first(&self) -> Option<Id> {
        self.0.first().copied()
    }

    pub(super) fn insert<T: Ranked>(&mut self, slab: &mut Slab<T>, id: Id) {
        self.0.push(id);
        self.rise(slab, self.0.len() - 1);
    }

    /// Takes a value out that is still in the slab.
    pub(super) fn remove<T: Ranked>(&mut self, slab: &mut Slab<T>, id: Id) {
        let at = *slab[id].place() as usize;
        self.0.swap_remove(at);
        if let Some(&moved) = self.0.get(at) {
            *slab[moved].place() = place(at);
            self.settle(slab, moved);
        }
    }

    /// Puts a value in its place after its rank has changed.
    pub(super) fn settle<T: Ranked>(&mut self, slab: &mut Slab<T>, id: Id) {
        let at = *slab[id].place() as usize;
        let at = self.rise(slab, at);
        self.sink(slab, at);
    }

    /// Towards the first; where it comes to stand.
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
