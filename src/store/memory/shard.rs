use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Moment;
use super::kept::Kept;
use super::pending::Pending;
use crate::protocol::Nut;
use crate::store::{CpsInfo, NutInfo, NutState, StoreError, WaitId, Waiters};

/// A complete small store.
pub(super) struct Shard {
    records: Mutex<Records>,
    pub(super) waiters: Waiters<WaitId>,
}

pub(super) struct Records {
    pub(super) pending: Pending,
    pub(super) outcomes: Kept<NutInfo>,
    pub(super) cps_ids: Kept<CpsInfo>,
}

impl Shard {
    pub(super) fn new(pending: usize, kept: usize) -> Self {
        let records = Records {
            pending: Pending::new(pending),
            outcomes: Kept::new(kept),
            cps_ids: Kept::new(kept),
        };
        Self { records: Mutex::new(records), waiters: Waiters::default() }
    }

    /// The records, with a few that have expired freed.
    pub(super) fn records(&self, now: Moment) -> MutexGuard<'_, Records> {
        // Nothing under the lock panics; and if it did, better one nut astray than no
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
        match state {
            NutState::Pending => records.pending.create(nut, info, now, end),
            NutState::Authorized => {
                records.outcomes.create(*nut.as_bytes(), info, now, end)?;
                drop(records);
                self.waiters.announce(&WaitId::from_bytes(*nut.as_bytes()));
                Ok(())
            }
        }
    }
}
