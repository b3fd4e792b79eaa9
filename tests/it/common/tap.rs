//! Stores with a tap: every call is noted, and one can be made to fail, or something else
//! made to happen just before it.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tower_sqrl::identity::{Change, IdentityStore, Lookup, Swap};
use tower_sqrl::protocol::{Idk, Nut};
use tower_sqrl::store::{CpsId, CpsInfo, NutInfo, NutState, NutStore, StoreError, WaitId, Watch};

use Hook::{Apply, GetCps, GetNut, LookUp, RemoveCps, RemoveNut, StoreCps, StoreNut};

/// A store's hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hook {
    StoreNut(NutState),
    GetNut(NutState),
    RemoveNut(NutState),
    StoreCps,
    GetCps,
    RemoveCps,
    LookUp,
    Apply,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails and does nothing.
    Fails,
    /// It does what it shall, and its reply is lost.
    ReplyLost,
    /// The swap is lost, whatever is stored.
    SwapLost,
}

type Act = Pin<Box<dyn Future<Output = ()> + Send>>;

enum Plan {
    Fault(Fault),
    First(Act),
}

#[derive(Default)]
struct Script {
    calls: Vec<Hook>,
    plans: VecDeque<(Hook, Plan)>,
}

/// Both stores behind one tap; clones share it.
#[derive(Clone)]
pub(crate) struct Tap {
    nuts: Arc<dyn NutStore>,
    identities: Arc<dyn IdentityStore>,
    script: Arc<Mutex<Script>>,
    is_silent: bool,
}

impl Tap {
    pub(crate) fn new(nuts: Arc<dyn NutStore>, identities: Arc<dyn IdentityStore>) -> Self {
        Self { nuts, identities, script: Arc::default(), is_silent: false }
    }

    /// The same stores without a tap: another server's way to them.
    pub(crate) fn untapped(&self) -> Self {
        Self { script: Arc::default(), ..self.clone() }
    }

    /// The same stores, announcing nothing.
    pub(crate) fn silent(&self) -> Self {
        Self { is_silent: true, ..self.clone() }
    }

    /// The next call of that hook that nothing is planned for yet goes wrong.
    pub(crate) fn plan(&self, hook: Hook, fault: Fault) {
        self.script().plans.push_back((hook, Plan::Fault(fault)));
    }

    /// Something else happens just before that hook's next call.
    pub(crate) fn first(&self, hook: Hook, act: impl Future<Output = ()> + Send + 'static) {
        self.script().plans.push_back((hook, Plan::First(Box::pin(act))));
    }

    /// The calls since the last time, in order.
    pub(crate) fn calls(&self) -> Vec<Hook> {
        std::mem::take(&mut self.script().calls)
    }

    /// Whether everything planned has happened.
    pub(crate) fn is_played(&self) -> bool {
        self.script().plans.is_empty()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("no test panics with the script in hand")
    }

    /// Takes what is planned next for a hook.
    fn next(&self, hook: Hook) -> Option<Plan> {
        let mut script = self.script();
        let at = script.plans.iter().position(|(planned, _)| *planned == hook)?;
        script.plans.remove(at).map(|(_, plan)| plan)
    }

    /// Notes a call and plays what comes first; what is planned for the call itself?
    async fn fault(&self, hook: Hook) -> Option<Fault> {
        self.script().calls.push(hook);
        loop {
            match self.next(hook) {
                None => return None,
                Some(Plan::First(act)) => act.await,
                Some(Plan::Fault(fault)) => return Some(fault),
            }
        }
    }

    async fn call<T>(
        &self,
        hook: Hook,
        call: impl Future<Output = Result<T, StoreError>>,
        lost: Option<T>,
    ) -> Result<T, StoreError> {
        match self.fault(hook).await {
            None => call.await,
            Some(Fault::Fails) => Err(StoreError::unavailable("planned")),
            Some(Fault::ReplyLost) => {
                call.await?;
                Err(StoreError::unavailable("planned"))
            }
            Some(Fault::SwapLost) => Ok(lost.expect("only a swap can be lost")),
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

#[async_trait]
impl NutStore for Tap {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.call(StoreNut(state), self.nuts.store_nut(nut, info, state, ttl), None).await
    }

    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        self.call(GetNut(state), self.nuts.get_nut(nut, state), None).await
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        self.call(RemoveNut(state), self.nuts.remove_nut(nut, state), None).await
    }

    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.call(StoreCps, self.nuts.store_cps_session_id(id, info, ttl), None).await
    }

    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        self.call(GetCps, self.nuts.get_user_id_by_cps_session_id(id), None).await
    }

    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        self.call(RemoveCps, self.nuts.remove_cps_session_id(id), None).await
    }

    async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        if self.is_silent { Ok(Watch::silent()) } else { self.nuts.watch(wait).await }
    }
}

#[async_trait]
impl IdentityStore for Tap {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        self.call(LookUp, self.identities.look_up(idk, pidk), None).await
    }

    async fn apply(&self, change: &Change) -> Result<Swap, StoreError> {
        self.call(Apply, self.identities.apply(change), Some(Swap::Lost)).await
    }
}
