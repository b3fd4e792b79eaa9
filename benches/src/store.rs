use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tower_sqrl::protocol::Nut;
use tower_sqrl::store::*;

#[derive(Debug, Default)]
pub(crate) struct MemoryNutStore {
    nuts: Mutex<HashMap<(bool, [u8; 16]), NutInfo>>,
    cps: Mutex<HashMap<CpsId, CpsInfo>>,
}

fn key(nut: &Nut, state: NutState) -> (bool, [u8; 16]) {
    (state == NutState::Pending, *nut.as_bytes())
}

#[async_trait]
impl NutStore for MemoryNutStore {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        _: Duration,
    ) -> Result<(), StoreError> {
        self.nuts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key(nut, state), info.clone());
        Ok(())
    }
    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        Ok(self.nuts.lock().unwrap_or_else(PoisonError::into_inner).get(&key(nut, state)).cloned())
    }
    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        Ok(self.nuts.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(nut, state)))
    }
    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        _: Duration,
    ) -> Result<(), StoreError> {
        self.cps.lock().unwrap_or_else(PoisonError::into_inner).insert(*id, info.clone());
        Ok(())
    }
    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        Ok(self.cps.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned())
    }
    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        Ok(self.cps.lock().unwrap_or_else(PoisonError::into_inner).remove(id))
    }
}
