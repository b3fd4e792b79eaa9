use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::hook::Hook;
use super::intercept::{Intercept, pass};
use crate::error::StoreError;
use crate::identities::{Change, IdentityStore, Lookup, Swap};
use crate::nuts::{CpsId, CpsInfo, NutInfo, NutState, NutStore, WaitId, Watch};
use crate::protocol::{Idk, Nut};

/// A [`NutStore`] that injects failures into calls, as [`Faults`](super::Faults) or another
/// [`Intercept`] prescribes.
///
/// A server treats it as a store that other servers share, whatever is behind it: it looks up the
/// nuts of other servers alone.
#[derive(Debug)]
pub struct FaultyNutStore {
    store: Arc<dyn NutStore>,
    intercept: Arc<dyn Intercept>,
}

impl FaultyNutStore {
    /// Wraps `store`.
    pub fn new(store: Arc<dyn NutStore>, faults: &(impl Intercept + Clone)) -> Self {
        Self { store, intercept: Arc::new(faults.clone()) }
    }

    async fn pass<T>(
        &self,
        hook: Hook,
        call: impl Future<Output = Result<T, StoreError>>,
        preempted: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        pass(&*self.intercept, hook, call, preempted).await
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

/// An [`IdentityStore`] that injects failures into calls, as [`Faults`](super::Faults) or another
/// [`Intercept`] prescribes.
#[derive(Debug)]
pub struct FaultyIdentityStore {
    store: Arc<dyn IdentityStore>,
    intercept: Arc<dyn Intercept>,
}

impl FaultyIdentityStore {
    /// Wraps `store`.
    pub fn new(store: Arc<dyn IdentityStore>, faults: &(impl Intercept + Clone)) -> Self {
        Self { store, intercept: Arc::new(faults.clone()) }
    }
}

#[async_trait]
impl IdentityStore for FaultyIdentityStore {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        let gone = Lookup::from_rows(idk, pidk, []);
        pass(&*self.intercept, Hook::LookUp, self.store.look_up(idk, pidk), Ok(gone)).await
    }

    async fn apply(&self, change: &Change) -> Result<Swap, StoreError> {
        pass(&*self.intercept, Hook::Apply, self.store.apply(change), Ok(Swap::Lost)).await
    }
}
