use std::fmt::Debug;

use async_trait::async_trait;

use super::hook::Hook;
use crate::error::StoreError;

/// Decides what happens to each store call.
///
/// [`Faults`](super::Faults) covers most tests. A test with other needs implements this trait.
///
/// ```
/// use tower_sqrl_core::faults::{Hook, Intercept, Verdict};
///
/// /// Another server always changes the identity first.
/// #[derive(Debug, Clone)]
/// struct Contended;
///
/// #[async_trait::async_trait]
/// impl Intercept for Contended {
///     async fn before(&self, hook: Hook) -> Verdict {
///         if hook == Hook::Apply { Verdict::Preempt } else { Verdict::Proceed }
///     }
/// }
/// ```
#[async_trait]
pub trait Intercept: Debug + Send + Sync + 'static {
    /// Returns what happens to a call. The call waits for the answer.
    async fn before(&self, hook: Hook) -> Verdict;
}

/// What happens to a store call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The store receives the call.
    Proceed,
    /// The store does not receive the call, which fails as
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    Fail,
    /// The store receives the call, which takes effect and still fails as
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    LoseReply,
    /// The store does not receive the call, which ends as if another caller had come first: a look or
    /// a take finds nothing, a create conflicts, a swap is lost, a watch is never notified.
    Preempt,
}

/// Makes a call, or replaces it by what `intercept` decides.
pub(super) async fn pass<T>(
    intercept: &dyn Intercept,
    hook: Hook,
    call: impl Future<Output = Result<T, StoreError>>,
    preempted: Result<T, StoreError>,
) -> Result<T, StoreError> {
    match intercept.before(hook).await {
        Verdict::Proceed => call.await,
        Verdict::Fail => Err(StoreError::unavailable("injected failure")),
        Verdict::LoseReply => {
            drop(call.await);
            Err(StoreError::unavailable("injected loss of the reply"))
        }
        Verdict::Preempt => preempted,
    }
}
