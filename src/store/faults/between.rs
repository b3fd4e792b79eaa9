use std::fmt::Debug;

use async_trait::async_trait;

use super::{Hook, StoreError};

/// What a test puts between a server and its stores. [`Faults`](super::Faults) are one; what
/// else shall happen to calls, or before them, a test implements itself.
///
/// ```
/// use tower_sqrl::store::faults::{Between, Fate, Hook};
///
/// /// Somebody else always changes the identity first.
/// #[derive(Debug, Clone)]
/// struct Busy;
///
/// #[async_trait::async_trait]
/// impl Between for Busy {
///     async fn before(&self, hook: Hook) -> Fate {
///         if hook == Hook::Apply { Fate::TooLate } else { Fate::Made }
///     }
/// }
/// ```
#[async_trait]
pub trait Between: Debug + Send + Sync + 'static {
    /// Says what becomes of a call, which waits for it.
    async fn before(&self, hook: Hook) -> Fate;
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is made.
    Made,
    /// It is not made, and fails as
    /// [`Unavailable`](crate::store::StoreErrorKind::Unavailable).
    Fails,
    /// It is made, has its effect, and fails as
    /// [`Unavailable`](crate::store::StoreErrorKind::Unavailable) all the same.
    ReplyLost,
    /// It is not made, as if somebody else had been faster: what is to be looked at or taken is
    /// gone, what is to be created is there, a swap is lost. Of a watch nothing is heard.
    TooLate,
}

/// Makes a call, or what becomes of it.
pub(crate) async fn pass<T>(
    between: &dyn Between,
    hook: Hook,
    call: impl Future<Output = Result<T, StoreError>>,
    too_late: Result<T, StoreError>,
) -> Result<T, StoreError> {
    match between.before(hook).await {
        Fate::Made => call.await,
        Fate::Fails => Err(StoreError::unavailable("planned failure")),
        Fate::ReplyLost => {
            drop(call.await);
            Err(StoreError::unavailable("planned loss of the reply"))
        }
        Fate::TooLate => too_late,
    }
}
