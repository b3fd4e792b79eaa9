//! Sign-ins in progress: the trait [`NutStore`] with its eight hooks, and the records that it keeps.

mod codec;
mod record;
mod wait;

pub use record::{Attached, CpsId, CpsInfo, Digest, NutInfo, Outcome, Refusal, Timestamp};
pub use wait::{WaitId, Waiters, Watch};

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::StoreError;
use crate::protocol::{Idk, Nut};

/// Which of a store's two namespaces a record is in.
///
/// A client's nut can never take an outcome: they are filed apart, and an outcome's key,
/// the [`WaitId`], cannot be read off a QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NutState {
    /// A nut that somebody may still answer; filed under the nut.
    Pending,
    /// A chain's one outcome; filed under its [`WaitId`], as [`WaitId::as_nut`].
    Authorized,
}

/// Where nuts, outcomes and CPS ids are kept: the eight hooks of the SQRL middleware
/// family, and one more for speed.
///
/// Servers that share a store share their sign-ins. The contract, which
/// the conformance suite checks:
///
/// - **Creates refuse to overwrite.** A live record under the same key is
///   [`StoreErrorKind::Conflict`].
/// - **Takes are atomic.** Of all callers on all servers exactly one gets the record.
/// - **Looks decide nothing** and change nothing.
/// - **A record past its TTL is absent** at once, on the store's own clock, whether it has
///   been swept or not. Whether a nut is too old to be used is not the store's business.
/// - Atomicity of single keys suffices.
///
/// Every hook fails with [`StoreErrorKind::Unavailable`] when the store cannot be reached,
/// within a time that a person is willing to wait, and with [`StoreErrorKind::Corrupt`]
/// when it holds something that it cannot read.
///
/// ```
/// use std::time::Duration;
///
/// use tower_sqrl_core::identities::Epoch;
/// use tower_sqrl_core::protocol::{Command, Idk};
/// use tower_sqrl::memory::MemoryNutStore;
/// use tower_sqrl_core::nuts::{Attached, CpsId, CpsInfo, NutStore, WaitId};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let store = MemoryNutStore::new();
/// let id = CpsId::from_bytes([1; 16]); // random, outside of examples
/// let info = CpsInfo {
///     idk: Idk::from_bytes([2; 32]),
///     epoch: Epoch::new(3),
///     command: Command::Ident,
///     ip: [192, 0, 2, 1].into(),
///     wait: WaitId::of_secret(&[4; 16]),
///     attached: Attached::default(),
/// };
/// store.store_cps_session_id(&id, &info, Duration::from_secs(60)).await?;
/// let again = store.store_cps_session_id(&id, &info, Duration::from_secs(60)).await;
/// assert!(again.is_err_and(|error| error.is_conflict()));
///
/// assert!(store.remove_cps_session_id(&id).await?.is_some());
/// assert!(store.remove_cps_session_id(&id).await?.is_none()); // taken once
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[async_trait]
pub trait NutStore: Debug + Send + Sync + 'static {
    /// Whether the records are in the memory of this process. If not, the engine keeps copies of some
    /// records that it has stored, to save a look at the store. Default: `false`.
    fn is_in_process(&self) -> bool {
        false
    }

    /// `StoreNut`: creates a record that lives for `ttl`.
    ///
    /// Creating an outcome ([`NutState::Authorized`]) also wakes who [watches](Self::watch)
    /// it, as soon and as surely as the store can; whether that works never decides
    /// whether this hook succeeds.
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError>;

    /// `GetNut`: a look.
    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError>;

    /// `RemoveNut`: **the atomic take**.
    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError>;

    /// `GetNutIdk`: who signed in, of an outcome that says *signed in*. It proves nothing
    /// about the browser that asks.
    async fn get_nut_idk(&self, nut: &Nut) -> Result<Option<Idk>, StoreError> {
        let info = self.get_nut(nut, NutState::Authorized).await?;
        Ok(info.filter(NutInfo::is_signed_in).and_then(|info| info.idk))
    }

    /// `CheckNutAuthorized`: whether the outcome says *signed in*. It proves nothing about
    /// the browser that asks.
    async fn check_nut_authorized(&self, nut: &Nut) -> Result<bool, StoreError> {
        let info = self.get_nut(nut, NutState::Authorized).await?;
        Ok(info.is_some_and(|info| info.is_signed_in()))
    }

    /// `StoreCpsSessionId`: creates a CPS id that lives for `ttl`.
    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError>;

    /// `GetUserIdByCpsSessionId`: a look.
    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError>;

    /// `RemoveCpsSessionId`: **the atomic take**.
    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError>;

    /// Watches for the outcome of one wait. An announcement made after this returns ends
    /// the [`Watch`]; it may get lost and only ever says "look".
    ///
    /// The default is [`Watch::silent`]: whoever waits polls.
    async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        let _ = wait;
        Ok(Watch::silent())
    }
}
