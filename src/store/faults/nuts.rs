use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Faults, Hook};
use crate::protocol::{Idk, Nut};
use crate::store::{CpsId, CpsInfo, NutInfo, NutState, NutStore, StoreError, WaitId, Watch};

/// A store of nuts to which happens what [`Faults`] plan.
#[derive(Debug)]
pub struct FaultyNutStore {
    store: Arc<dyn NutStore>,
    faults: Faults,
}

impl FaultyNutStore {
    /// `store`, with these faults.
    pub fn new(store: Arc<dyn NutStore>, faults: &Faults) -> Self {
        Self { store, faults: faults.clone() }
    }
}

#[async_trait]
impl NutStore for FaultyNutStore {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let call = self.store.store_nut(nut, info, state, ttl);
        self.faults.call(Hook::StoreNut, Some(state), call).await
    }

    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let call = self.store.get_nut(nut, state);
        self.faults.call(Hook::GetNut, Some(state), call).await
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let call = self.store.remove_nut(nut, state);
        self.faults.call(Hook::RemoveNut, Some(state), call).await
    }

    async fn get_nut_idk(&self, nut: &Nut) -> Result<Option<Idk>, StoreError> {
        self.faults.call(Hook::GetNutIdk, None, self.store.get_nut_idk(nut)).await
    }

    async fn check_nut_authorized(&self, nut: &Nut) -> Result<bool, StoreError> {
        let call = self.store.check_nut_authorized(nut);
        self.faults.call(Hook::CheckNutAuthorized, None, call).await
    }

    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let call = self.store.store_cps_session_id(id, info, ttl);
        self.faults.call(Hook::StoreCpsSessionId, None, call).await
    }

    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        let call = self.store.get_user_id_by_cps_session_id(id);
        self.faults.call(Hook::GetUserIdByCpsSessionId, None, call).await
    }

    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        let call = self.store.remove_cps_session_id(id);
        self.faults.call(Hook::RemoveCpsSessionId, None, call).await
    }

    async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        self.faults.call(Hook::Watch, None, self.store.watch(wait)).await
    }
}
