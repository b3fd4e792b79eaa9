use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::record::{CpsId, CpsInfo, NutInfo};
use super::wait::{WaitId, Watch};
use crate::error::StoreError;
use crate::protocol::{Idk, Nut};

/// The namespace of a [`NutInfo`] record.
///
/// Outcomes have a namespace of their own, so a client's nut can never take an outcome. The key of
/// an outcome, its [`WaitId`], does not appear in a QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NutState {
    /// A nut that a client may still answer. The key is the nut.
    Pending,
    /// The outcome of a sign-in. The key is its wait id, as [`WaitId::as_nut`].
    Authorized,
}

/// A store of nuts, outcomes and CPS ids: the eight hooks of the SQRL middleware family, and
/// [`watch`](Self::watch).
///
/// Servers that share a store share their sign-ins. To add a backend, implement
/// [`RecordStore`](super::RecordStore) instead: it has four methods, and every `RecordStore` is a
/// `NutStore`.
///
/// # Contract
///
/// The suite `tower_sqrl_core::conformance::nuts` checks it.
///
/// - **A create never overwrites.** If a live record has the same key, it fails with
///   [`StoreErrorKind::Conflict`](crate::StoreErrorKind::Conflict).
/// - **A take is atomic.** Among all callers on all servers exactly one gets the record.
/// - **A look changes nothing.** No decision depends on a look alone.
/// - **A record past its TTL is absent** for every hook at once, on the store's own clock, even if it
///   has not been removed yet. The store does not decide whether a nut is too old to be used.
/// - Every hook concerns one key, so a store needs atomicity of single keys only.
///
/// # Errors
///
/// Every hook fails with [`StoreErrorKind::Unavailable`](crate::StoreErrorKind::Unavailable) if the
/// store does not answer within a few seconds. The call may have had its effect. A hook that reads a
/// record fails with [`StoreErrorKind::Corrupt`](crate::StoreErrorKind::Corrupt) if it cannot read
/// what is stored.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use tower_sqrl_core::identities::Epoch;
/// use tower_sqrl_core::protocol::{Command, Idk};
/// use tower_sqrl::memory::MemoryNutStore;
/// use tower_sqrl_core::nuts::{CpsId, CpsInfo, NutStore, WaitId};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let store = MemoryNutStore::new();
/// let id = CpsId::from_bytes([1; 16]); // random, outside of examples
/// let idk = Idk::from_bytes([2; 32]);
/// let wait = WaitId::of_secret(&[4; 16]);
/// let address = [192, 0, 2, 1].into();
/// let info = CpsInfo::new(idk, Epoch::new(3), Command::Ident, address, wait);
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
    /// Creating an outcome ([`NutState::Authorized`]) also notifies its [watches](Self::watch). A
    /// notification that fails does not make this hook fail.
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError>;

    /// `GetNut`: returns the record, if there is one, and leaves it there.
    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError>;

    /// `RemoveNut`: removes the record and returns it. **The atomic take.**
    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError>;

    /// `GetNutIdk`: returns the identity key of an outcome that is a sign-in.
    ///
    /// It proves nothing about the browser that asks.
    async fn get_nut_idk(&self, nut: &Nut) -> Result<Option<Idk>, StoreError> {
        let info = self.get_nut(nut, NutState::Authorized).await?;
        Ok(info.filter(NutInfo::is_signed_in).and_then(|info| info.idk))
    }

    /// `CheckNutAuthorized`: returns whether the outcome is a sign-in.
    ///
    /// It proves nothing about the browser that asks.
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

    /// `GetUserIdByCpsSessionId`: returns the record, if there is one, and leaves it there.
    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError>;

    /// `RemoveCpsSessionId`: removes the record and returns it. **The atomic take.**
    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError>;

    /// Watches for the outcome of one sign-in. The [`Watch`] resolves when an outcome is created after
    /// this method returns. A notification may get lost, so the caller also polls.
    ///
    /// The default is [`Watch::silent`]: the caller only polls.
    async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        let _ = wait;
        Ok(Watch::silent())
    }
}
