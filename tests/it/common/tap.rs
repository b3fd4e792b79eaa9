//! Stores with a tap: every call is noted, and one can be made to fail, or something else
//! made to happen just before it.

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

    /// A server's way to both.
    pub(crate) fn stores(&self) -> (Arc<dyn NutStore>, Arc<dyn IdentityStore>) {
        let nuts = FaultyNutStore::new(Arc::clone(&self.nuts), self);
        let identities = FaultyIdentityStore::new(Arc::clone(&self.identities), self);
        (Arc::new(nuts), Arc::new(identities))
    }

    /// The same stores without a tap: another server's way to them.
    pub(crate) fn untapped(&self) -> Self {
        Self { script: Arc::default(), ..self.clone() }
    }

    /// The same stores, announcing nothing.
    pub(crate) fn silent(&self) -> Self {
        Self { is_silent: true, ..self.clone() }
    }

    /// What becomes of the next call of that hook that nothing is planned for yet.
    pub(crate) fn plan(&self, hook: Hook, fate: Verdict) {
        self.script().plans.push_back((hook, Plan::Verdict(fate)));
    }

    /// Something else happens just before that hook's next call.
    pub(crate) fn first(&self, hook: Hook, act: impl Future<Output = ()> + Send + 'static) {
        self.script().plans.push_back((hook, Plan::First(Box::pin(act))));
    }

    /// The calls since the last time, in order; of announcements nothing is noted.
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
                Some(Plan::First(act)) => act.await,
                Some(Plan::Verdict(fate)) => return fate,
            }
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}
