//! STOPGAP
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tower_sqrl::identity::*;
use tower_sqrl::protocol::*;
use tower_sqrl::store::*;

#[derive(Debug, Default)]
pub(crate) struct MemoryNutStore(
    Mutex<HashMap<(Nut, NutState), (NutInfo, Instant)>>,
    Mutex<HashMap<CpsId, (CpsInfo, Instant)>>,
);
#[async_trait]
impl NutStore for MemoryNutStore {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let mut m = self.0.lock().unwrap();
        if m.get(&(*nut, state)).is_some_and(|(_, t)| *t > Instant::now()) {
            return Err(StoreError::conflict());
        }
        m.insert((*nut, state), (info.clone(), Instant::now() + ttl));
        Ok(())
    }
    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        Ok(self
            .0
            .lock()
            .unwrap()
            .get(&(*nut, state))
            .filter(|(_, t)| *t > Instant::now())
            .map(|x| x.0.clone()))
    }
    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        Ok(self
            .0
            .lock()
            .unwrap()
            .remove(&(*nut, state))
            .filter(|(_, t)| *t > Instant::now())
            .map(|x| x.0))
    }
    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.1.lock().unwrap().insert(*id, (info.clone(), Instant::now() + ttl));
        Ok(())
    }
    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        Ok(self.1.lock().unwrap().get(id).filter(|(_, t)| *t > Instant::now()).map(|x| x.0.clone()))
    }
    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        Ok(self.1.lock().unwrap().remove(id).map(|x| x.0))
    }
}
#[derive(Debug, Default)]
pub(crate) struct MemoryIdentityStore(Mutex<HashMap<Idk, KeyState>>);
#[async_trait]
impl IdentityStore for MemoryIdentityStore {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        let m = self.0.lock().unwrap();
        let get = |k: &Idk| m.get(k).cloned().unwrap_or(KeyState::Unknown);
        Ok(Lookup { idk: get(idk), pidk: pidk.map(get) })
    }
    async fn apply(&self, change: &Change, expected: &Expected) -> Result<Swap, StoreError> {
        let mut m = self.0.lock().unwrap();
        for w in change.key_writes(expected) {
            if m.get(w.key).map_or(Presence::Absent, KeyState::presence) != w.expected {
                return Ok(Swap::Lost);
            }
        }
        for w in change.key_writes(expected) {
            if let Some(s) = w.write {
                m.insert(*w.key, s.clone());
            }
        }
        Ok(Swap::Done)
    }
}
impl MemoryNutStore {
    pub(crate) fn new() -> Self {
        Self::default()
    }
}
impl MemoryIdentityStore {
    pub(crate) fn new() -> Self {
        Self::default()
    }
}
