//! Identities: the trait [`IdentityStore`], the rows that it keeps and the changes to them.

mod change;
mod record;

pub use crate::epoch::Epoch;
pub use change::{Change, KeyWrite, Swap};
pub use record::{Identity, KeyState, Lookup, Presence, UserId, Version};

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::StoreError;
use crate::protocol::Idk;

/// Where identities are kept: one row per key, live or superseded, the identity key its
/// primary key. An application may implement it over its own users table.
///
/// The contract, which the conformance suite checks:
///
/// - [`look_up`](Self::look_up) reads what the last successful
///   [`apply`](Self::apply) on any server wrote: from the primary, never a replica.
/// - `apply` is **one compare-and-swap over at most two keys**: every
///   [`KeyWrite::expected`] holds and all are written, or nothing is.
/// - Superseded keys are kept for ever.
///
/// ```
/// use tower_sqrl::memory::MemoryIdentityStore;
/// use tower_sqrl_core::identities::{IdentityStore, KeyState};
/// use tower_sqrl_core::protocol::Idk;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = MemoryIdentityStore::new();
/// let lookup = store.look_up(&Idk::from_bytes([1; 32]), None).await?;
/// assert_eq!(lookup.idk, KeyState::Unknown);
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// A whole implementation stands in the `guide`, on the page on one's own users table.
#[async_trait]
pub trait IdentityStore: Debug + Send + Sync + 'static {
    /// One look-up answers everything about a request's keys.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or
    /// [`Corrupt`](crate::StoreErrorKind::Corrupt).
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError>;

    /// Writes a command's whole change, if the keys are still as it was made for.
    ///
    /// [`Change::key_writes`] says what to compare and what to write. A lost swap is an
    /// answer, not an error.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable), and then nobody knows
    /// whether the change was written, or
    /// [`Corrupt`](crate::StoreErrorKind::Corrupt).
    async fn apply(&self, change: &Change) -> Result<Swap, StoreError>;
}
