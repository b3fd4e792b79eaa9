use std::sync::{Mutex, MutexGuard, PoisonError};

use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{CpsInfo, NutInfo, NutState, WaitId, Waiters};
use tower_sqrl_core::protocol::Nut;

use super::fair_map::FairMap;
use super::moment::Moment;

/// A complete small store.
pub(super) struct Shard {
    records: Mutex<Records>,
    pub(super) waiters: Waiters<WaitId>,
}

pub(super) struct Records {
    pub(super) pending: FairMap<NutInfo>,
    pub(super) outcomes: FairMap<NutInfo>,
    pub(super) cps_ids: FairMap<CpsInfo>,
}

impl Shard {
    pub(super) fn new(capacity: usize) -> Self {
        let records = Records {
            pending: FairMap::new(capacity),
            outcomes: FairMap::new(capacity),
            cps_ids: FairMap::new(capacity),
        };
        Self { records: Mutex::new(records), waiters: Waiters::default() }
    }

    /// Locks the records and frees a few expired ones.
    pub(super) fn records(&self, now: Moment) -> MutexGuard<'_, Records> {
        // Nothing panics while the lock is held. If something did, one lost nut would be better than no
        // sign-in until a restart.
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.pending.sweep(now);
        records.outcomes.sweep(now);
        records.cps_ids.sweep(now);
        records
    }

    pub(super) fn store_nut(
        &self,
        nut: Nut,
        info: NutInfo,
        state: NutState,
        now: Moment,
        end: Moment,
    ) -> Result<(), StoreError> {
        let mut records = self.records(now);
        let key = *nut.as_bytes();
        match state {
            NutState::Pending => records.pending.create(key, info, now, end),
            NutState::Authorized => {
                records.outcomes.create(key, info, now, end)?;
                drop(records);
                self.waiters.announce(&WaitId::from_bytes(key));
                Ok(())
            }
        }
    }
}
