//! Stores whose records can be read and replaced without a request.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tower_sqrl::StoreError;
use tower_sqrl::identities::{Change, IdentityStore, KeyState, Lookup, Swap};
use tower_sqrl::nuts::{CpsId, CpsInfo, NutInfo, NutState, NutStore};
use tower_sqrl::protocol::{Idk, Nut};

/// Both stores. Records never expire.
#[derive(Debug, Default)]
pub(crate) struct Stores(Mutex<Records>);

/// The records of both stores.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Records {
    pub(crate) pending: BTreeMap<Nut, NutInfo>,
    /// The key is the wait id as a nut.
    pub(crate) outcomes: BTreeMap<Nut, NutInfo>,
    pub(crate) cps: BTreeMap<[u8; 16], CpsInfo>,
    pub(crate) keys: BTreeMap<Idk, KeyState>,
}

impl Stores {
    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    pub(crate) fn nuts(&mut self, state: NutState) -> &mut BTreeMap<Nut, NutInfo> {
        match state {
            NutState::Pending => &mut self.pending,
            NutState::Authorized => &mut self.outcomes,
        }
    }

    fn state(&self, key: &Idk) -> KeyState {
        self.keys.get(key).cloned().unwrap_or(KeyState::Unknown)
    }
}

#[async_trait]
impl NutStore for Stores {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        _: Duration,
    ) -> Result<(), StoreError> {
        match self.records().nuts(state).entry(*nut) {
            Entry::Occupied(_) => Err(StoreError::conflict()),
            Entry::Vacant(entry) => {
                entry.insert(info.clone());
                Ok(())
            }
        }
    }

    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        Ok(self.records().nuts(state).get(nut).cloned())
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        Ok(self.records().nuts(state).remove(nut))
    }

    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        _: Duration,
    ) -> Result<(), StoreError> {
        self.records().cps.insert(*id.as_bytes(), info.clone());
        Ok(())
    }

    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        Ok(self.records().cps.get(id.as_bytes()).cloned())
    }

    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        Ok(self.records().cps.remove(id.as_bytes()))
    }
}

#[async_trait]
impl IdentityStore for Stores {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        let records = self.records();
        Ok(Lookup::new(records.state(idk), pidk.map(|key| records.state(key))))
    }

    async fn apply(&self, change: &Change) -> Result<Swap, StoreError> {
        let mut records = self.records();
        if change.key_writes().any(|write| records.state(write.key).presence() != write.expected) {
            return Ok(Swap::Lost);
        }
        for write in change.key_writes() {
            if let Some(state) = write.write {
                records.keys.insert(*write.key, state.clone());
            }
        }
        Ok(Swap::Done)
    }
}
