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

/// A store of identities: one row per key, live or superseded, with the identity key as primary key. An
/// application may implement it over its own users table.
///
/// The contract, which the conformance suite checks:
///
/// - [`look_up`](Self::look_up) returns what the last successful [`apply`](Self::apply) on any server
///   wrote. It reads from the primary, never from a replica.
/// - `apply` is **one compare-and-swap over at most two keys**. It writes all keys if every
///   [`KeyWrite::expected`] holds, and nothing otherwise.
/// - Superseded rows are permanent.
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
/// The guide has an implementation over a users table (`own_user_table`).
#[async_trait]
pub trait IdentityStore: Debug + Send + Sync + 'static {
    /// Returns the states of a request's keys, read in one call.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or
    /// [`Corrupt`](crate::StoreErrorKind::Corrupt).
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError>;

    /// Applies a change if the keys are in the state that it expects.
    ///
    /// [`Change::key_writes`] returns what to compare and what to write. A lost swap is not an error.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable), after which the change may have been written
    /// or not, or [`Corrupt`](crate::StoreErrorKind::Corrupt).
    async fn apply(&self, change: &Change) -> Result<Swap, StoreError>;
}
