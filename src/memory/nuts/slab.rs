use std::num::NonZeroU32;
use std::ops::{Index, IndexMut};

/// The number of a value in a [`Slab`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(NonZeroU32);

impl Id {
    fn new(at: usize) -> Self {
        let id = u32::try_from(at + 1).ok().and_then(NonZeroU32::new);
        Self(id.expect("no shard holds 2^32 values"))
    }

    fn at(self) -> usize {
        // A `usize` has 32 bits at least wherever there are a billion nuts.
        self.0.get() as usize - 1
    }
}

/// Values of one type by number. They never move. The slab grows by a few values at a time, because a
/// vector that doubles its capacity would be half empty.
pub(super) struct Slab<T> {
    chunks: Vec<Vec<Entry<T>>>,
    free: Option<Id>,
    len: usize,
}

pub(super) enum Entry<T> {
    Used(T),
    Free { next: Option<Id> },
}

impl<T> Slab<T> {
    const CHUNK: usize = 128;

    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new(), free: None, len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the slab has more room than its first chunk.
    pub(super) fn has_grown(&self) -> bool {
        self.chunks.len() > 1
    }

    pub(super) fn insert(&mut self, value: T) -> Id {
        self.len += 1;
        if let Some(id) = self.free {
            match std::mem::replace(self.entry(id), Entry::Used(value)) {
                Entry::Free { next } => self.free = next,
                Entry::Used(_) => unreachable!("the free list holds free entries only"),
            }
            return id;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() == Self::CHUNK) {
            self.chunks.push(Vec::with_capacity(Self::CHUNK));
        }
        let full = (self.chunks.len() - 1) * Self::CHUNK;
        let last = self.chunks.last_mut().expect("one was pushed where there was none");
        last.push(Entry::Used(value));
        Id::new(full + last.len() - 1)
    }

    pub(super) fn remove(&mut self, id: Id) -> T {
        let next = self.free;
        match std::mem::replace(self.entry(id), Entry::Free { next }) {
            Entry::Used(value) => {
                self.free = Some(id);
                self.len -= 1;
                value
            }
            Entry::Free { .. } => unreachable!("no value is removed twice"),
        }
    }

    fn entry(&mut self, id: Id) -> &mut Entry<T> {
        &mut self.chunks[id.at() / Self::CHUNK][id.at() % Self::CHUNK]
    }
}

impl<T> Index<Id> for Slab<T> {
    type Output = T;

    fn index(&self, id: Id) -> &T {
        match &self.chunks[id.at() / Self::CHUNK][id.at() % Self::CHUNK] {
            Entry::Used(value) => value,
            Entry::Free { .. } => unreachable!("no number outlives its value"),
        }
    }
}

impl<T> IndexMut<Id> for Slab<T> {
    fn index_mut(&mut self, id: Id) -> &mut T {
        match self.entry(id) {
            Entry::Used(value) => value,
            Entry::Free { .. } => unreachable!("no number outlives its value"),
        }
    }
}
