use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use super::{Moment, SWEEP};
use crate::store::StoreError;

/// Records that are never given up before their end: outcomes, or CPS ids, of one shard.
/// Where there are too many, new ones are refused.
pub(super) struct Kept<T> {
    capacity: usize,
    records: HashMap<[u8; 16], Record<T>>,
    by_end: BTreeSet<(Moment, [u8; 16])>,
}

struct Record<T> {
    end: Moment,
    info: T,
}

impl<T: Clone> Kept<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, records: HashMap::new(), by_end: BTreeSet::new() }
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
        let is_full = self.records.len() >= self.capacity;
        match self.records.entry(key) {
            Entry::Occupied(entry) if entry.get().end > now => return Err(StoreError::conflict()),
            Entry::Occupied(mut entry) => {
                let expired = entry.insert(Record { end, info });
                self.by_end.remove(&(expired.end, key));
            }
            Entry::Vacant(_) if is_full => return Err(StoreError::unavailable("memory is full")),
            Entry::Vacant(entry) => {
                entry.insert(Record { end, info });
            }
        }
        self.by_end.insert((end, key));
        Ok(())
    }

    pub(super) fn get(&self, key: &[u8; 16], now: Moment) -> Option<T> {
        let record = self.records.get(key)?;
        (record.end > now).then(|| record.info.clone())
    }

    pub(super) fn take(&mut self, key: &[u8; 16], now: Moment) -> Option<T> {
        let record = self.records.remove(key)?;
        self.by_end.remove(&(record.end, *key));
        (record.end > now).then_some(record.info)
    }

    /// Frees what has expired, no more than a few.
    pub(super) fn sweep(&mut self, now: Moment) {
        for _ in 0..SWEEP {
            match self.by_end.first() {
                Some(&(end, key)) if end <= now => {
                    self.by_end.pop_first();
                    self.records.remove(&key);
                }
                _ => break,
            }
        }
    }
}
