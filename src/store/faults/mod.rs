//! Stores that delay, fail or lose the reply of chosen calls, so that an application can
//! test what becomes of its sign-ins then; and that count the calls.
//!
//! ```
//! # use std::sync::Arc;
//! use tower_sqrl::identity::{FaultyIdentityStore, MemoryIdentityStore};
//! use tower_sqrl::store::faults::{Fault, Faults, FaultyNutStore, Hook};
//! use tower_sqrl::store::{MemoryNutStore, NutState};
//!
//! let faults = Faults::new();
//! let nuts = FaultyNutStore::new(Arc::new(MemoryNutStore::new()), &faults);
//! let identities = FaultyIdentityStore::new(Arc::new(MemoryIdentityStore::new()), &faults);
//!
//! // The second take of a client's nut happens, and nobody learns what it took.
//! let take = Hook::RemoveNut(NutState::Pending);
//! faults.nth(take, 2, Fault::LoseReply);
//! // No identity is found until further notice.
//! faults.every(Hook::LookUp, Fault::Fail);
//! assert_eq!(faults.calls(take), 0);
//! # drop((nuts, identities));
//! ```
//!
//! How many calls of a step are made *one after another* shows on a paused clock: with a
//! [`Fault::Delay`] of a second for all of them, the step takes as many seconds. What cannot be
//! planned as a fault stands [`Between`].

mod between;
mod hold;
mod nuts;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{NutState, StoreError};
pub(crate) use between::pass;
pub use between::{Between, Fate};
pub use hold::Hold;
pub use nuts::FaultyNutStore;

/// The hooks of both traits; where a hook says in which namespace, so does this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named as the methods, which say what they do")]
pub enum Hook {
    StoreNut(NutState),
    GetNut(NutState),
    RemoveNut(NutState),
    GetNutIdk,
    CheckNutAuthorized,
    StoreCpsSessionId,
    GetUserIdByCpsSessionId,
    RemoveCpsSessionId,
    Watch,
    LookUp,
    Apply,
}

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
    Hold(Hold),
    /// It is not made, and fails as
    /// [`Unavailable`](super::StoreErrorKind::Unavailable).
    Fail,
    /// It is made, has its effect, and fails as
    /// [`Unavailable`](super::StoreErrorKind::Unavailable) all the same.
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
impl Between for Faults {
    async fn before(&self, hook: Hook) -> Fate {
        let mut fate = Fate::Made;
        for fault in self.faults_of(hook) {
            match fault {
                Fault::Delay(time) => tokio::time::sleep(time).await,
                Fault::Hold(hold) => hold.pass().await,
                Fault::Fail => return Fate::Fails,
                Fault::LoseReply => fate = Fate::ReplyLost,
            }
        }
        fate
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
