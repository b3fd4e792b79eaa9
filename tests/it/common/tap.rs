//! Stores with a tap: it records every call, can make a call fail, and can run a future just before
//! a call.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use tower_sqrl::faults::FaultyIdentityStore;
use tower_sqrl::faults::{FaultyNutStore, Intercept};
pub(crate) use tower_sqrl::faults::{Hook, Verdict};
use tower_sqrl::identities::IdentityStore;
use tower_sqrl::nuts::NutStore;

type Act = Pin<Box<dyn Future<Output = ()> + Send>>;

enum Plan {
    Verdict(Verdict),
    Before(Act),
}

#[derive(Default)]
struct Script {
    calls: Vec<Hook>,
    plans: VecDeque<(Hook, Plan)>,
}

/// A tap on both stores. Clones share it.
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

    /// The tapped stores for a server.
    pub(crate) fn stores(&self) -> (Arc<dyn NutStore>, Arc<dyn IdentityStore>) {
        let nuts = FaultyNutStore::new(Arc::clone(&self.nuts), self);
        let identities = FaultyIdentityStore::new(Arc::clone(&self.identities), self);
        (Arc::new(nuts), Arc::new(identities))
    }

    /// The same stores with a new tap, for another server.
    pub(crate) fn with_new_tap(&self) -> Self {
        Self { script: Arc::default(), ..self.clone() }
    }

    /// The same stores, which announce no outcomes.
    pub(crate) fn silent(&self) -> Self {
        Self { is_silent: true, ..self.clone() }
    }

    /// Plans the verdict on the next call of the hook that has none yet.
    pub(crate) fn plan(&self, hook: Hook, verdict: Verdict) {
        self.script().plans.push_back((hook, Plan::Verdict(verdict)));
    }

    /// Runs the future just before the hook's next call.
    pub(crate) fn before(&self, hook: Hook, act: impl Future<Output = ()> + Send + 'static) {
        self.script().plans.push_back((hook, Plan::Before(Box::pin(act))));
    }

    /// Returns the calls since the last time in their order, without `Watch`.
    pub(crate) fn calls(&self) -> Vec<Hook> {
        std::mem::take(&mut self.script().calls)
    }

    /// Returns whether everything planned has happened.
    pub(crate) fn is_done(&self) -> bool {
        self.script().plans.is_empty()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("no test panics with the script in hand")
    }

    /// Takes the next plan for a hook.
    fn next(&self, hook: Hook) -> Option<Plan> {
        let mut script = self.script();
        let at = script.plans.iter().position(|(planned, _)| *planned == hook)?;
        script.plans.remove(at).map(|(_, plan)| plan)
    }
}

#[async_trait]
impl Intercept for Tap {
    async fn before(&self, hook: Hook) -> Verdict {
        if hook == Hook::Watch {
            return if self.is_silent { Verdict::Preempt } else { Verdict::Proceed };
        }
        self.script().calls.push(hook);
        loop {
            match self.next(hook) {
                None => return Verdict::Proceed,
                Some(Plan::Before(act)) => act.await,
                Some(Plan::Verdict(verdict)) => return verdict,
            }
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}
