use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::gate::Gate;
use super::hook::Hook;
use super::intercept::{Intercept, Verdict};

/// One call of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// Of which hook.
    pub hook: Hook,
    /// Which of its calls: 1 for the first.
    pub nth: u64,
}

/// What is planned for a call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is made, after a while.
    Delay(Duration),
    /// It is made when the test says so.
    WaitAt(Gate),
    /// It is not made, and fails as
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    Fail,
    /// It is made, has its effect, and fails as
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) all the same.
    LoseReply,
}

/// The faults that are planned, and the calls that have been made. Clones are one plan, for
/// any number of stores.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Default)]
struct Plan {
    rules: Vec<(Which, Fault)>,
    calls: HashMap<Hook, u64>,
}

type Which = Box<dyn Fn(&Call) -> bool + Send>;

impl Faults {
    /// No faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// For one call of a hook, counted from 1.
    pub fn nth(&self, hook: Hook, nth: u64, fault: Fault) {
        self.when(move |call| call.hook == hook && call.nth == nth, fault);
    }

    /// For every call of a hook.
    pub fn every(&self, hook: Hook, fault: Fault) {
        self.when(move |call| call.hook == hook, fault);
    }

    /// For every call for which `which` says so. Where several faults meet in one call, they
    /// come in the order in which they were planned.
    pub fn when(&self, which: impl Fn(&Call) -> bool + Send + 'static, fault: Fault) {
        self.plan().rules.push((Box::new(which), fault));
    }

    /// All is well again; calls are counted on.
    pub fn heal(&self) {
        self.plan().rules.clear();
    }

    /// How many calls of a hook have been made, those that failed among them.
    pub fn calls(&self, hook: Hook) -> u64 {
        self.plan().calls.get(&hook).copied().unwrap_or(0)
    }

    /// How many calls have been made, of any hook.
    pub fn total(&self) -> u64 {
        self.plan().calls.values().sum()
    }

    /// Begins to count at 0 again.
    pub fn count_anew(&self) {
        self.plan().calls.clear();
    }

    /// Counts a call; its faults.
    fn faults_of(&self, hook: Hook) -> Vec<Fault> {
        let mut plan = self.plan();
        let nth = plan.calls.entry(hook).or_default();
        *nth += 1;
        let call = Call { hook, nth: *nth };
        let rules = plan.rules.iter();
        rules.filter(|(which, _)| which(&call)).map(|(_, fault)| fault.clone()).collect()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Intercept for Faults {
    async fn before(&self, hook: Hook) -> Verdict {
        let mut verdict = Verdict::Proceed;
        for fault in self.faults_of(hook) {
            match fault {
                Fault::Delay(time) => tokio::time::sleep(time).await,
                Fault::WaitAt(gate) => gate.pass().await,
                Fault::Fail => return Verdict::Fail,
                Fault::LoseReply => verdict = Verdict::LoseReply,
            }
        }
        verdict
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.plan();
        f.debug_struct("Faults")
            .field("planned", &plan.rules.len())
            .field("calls", &plan.calls)
            .finish()
    }
}
