use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::between::{Between, pass};
use super::{Hook, StoreError};
use crate::protocol::{Idk, Nut};
use crate::store::{CpsId, CpsInfo, NutInfo, NutState, NutStore, WaitId, Watch};

/// A store of nuts to whose calls happens what [`Faults`](super::Faults) plan, or another
/// [`Between`] says.
#[derive(Debug)]
pub struct FaultyNutStore {
    store: Arc<dyn NutStore>,
    between: Arc<dyn Between>,
}

impl FaultyNutStore {
    /// `store`, with these faults.
    pub fn new(store: Arc<dyn NutStore>, faults: &(impl Between + Clone)) -> Self {
        Self { store, between: Arc::new(faults.clone()) }
    }

    async fn pass<T>(
        &self,
        hook: Hook,
        call: impl Future<Output = Result<T, StoreError>>,
        too_late: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        pass(&*self.between, hook, call, too_late).await
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
        self.pass(Hook::StoreNut(state), call, Err(StoreError::conflict())).await
    }

    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        self.pass(Hook::GetNut(state), self.store.get_nut(nut, state), Ok(None)).await
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        self.pass(Hook::RemoveNut(state), self.store.remove_nut(nut, state), Ok(None)).await
    }

    async fn get_nut_idk(&self, nut: &Nut) -> Result<Option<Idk>, StoreError> {
        self.pass(Hook::GetNutIdk, self.store.get_nut_idk(nut), Ok(None)).await
    }

    async fn check_nut_authorized(&self, nut: &Nut) -> Result<bool, StoreError> {
        let call = self.store.check_nut_authorized(nut);
        self.pass(Hook::CheckNutAuthorized, call, Ok(false)).await
    }

    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let call = self.store.store_cps_session_id(id, info, ttl);
        self.pass(Hook::StoreCpsSessionId, call, Err(StoreError::conflict())).await
    }

    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        let call = self.store.get_user_id_by_cps_session_id(id);
        self.pass(Hook::GetUserIdByCpsSessionId, call, Ok(None)).await
    }

    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        let call = self.store.remove_cps_session_id(id);
        self.pass(Hook::RemoveCpsSessionId, call, Ok(None)).await
    }

    async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        self.pass(Hook::Watch, self.store.watch(wait), Ok(Watch::silent())).await
    }
}
