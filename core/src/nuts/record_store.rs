use std::fmt::Debug;
use std::future::{self, Future};
use std::time::Duration;

use async_trait::async_trait;

use super::nut_store::{NutState, NutStore};
use super::record::{CpsId, CpsInfo, NutInfo};
use super::wait::{WaitId, Watch};
use crate::error::StoreError;
use crate::protocol::Nut;

/// The longest TTL that a [`RecordStore`] receives: 100 years. Longer TTLs of a [`NutStore`] are
/// shortened to it, so that a backend can count any TTL in microseconds in 64 bits.
pub const MAX_TTL: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The namespace of a record in a [`RecordStore`]. The same key in two namespaces is two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// A nut that a client may still answer; the key is the [`Nut`].
    Pending,
    /// The outcome of a sign-in; the key is the [`WaitId`].
    Authorized,
    /// The destination of a CPS URL; the key is the [`CpsId`].
    Cps,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Authorized, Self::Cps];

    /// Returns the name of the namespace: `pending`, `authorized` or `cps`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Authorized => "authorized",
            Self::Cps => "cps",
        }
    }
}

impl From<NutState> for RecordKind {
    fn from(state: NutState) -> Self {
        match state {
            NutState::Pending => Self::Pending,
            NutState::Authorized => Self::Authorized,
        }
    }
}

/// A backend for nuts in four methods. Every `RecordStore` is a [`NutStore`].
///
/// A backend stores bytes under a [`RecordKind`] and a key of 16 bytes. `tower-sqrl-core` encodes
/// and decodes the records. Most records have 150 to 250 bytes; what the application and the client
/// attach to a sign-in adds some kilobytes at most.
///
/// Write each method as an `async fn`. The guide of `tower-sqrl` adds a backend on files, on the page
/// `own_store`.
///
/// # Contract
///
/// The suite `tower_sqrl_core::conformance::nuts` checks it; it runs with one line.
///
/// - **[`create`](Self::create) never overwrites a live record.** Of several callers that create the
///   same key at once, exactly one succeeds.
/// - **[`take`](Self::take) is atomic.** Of several callers on any servers, exactly one gets the
///   record. The security of every sign-in depends on this.
/// - **A record past its TTL is absent** for all methods, on the backend's clock rather than the
///   servers' clocks. A create replaces it. If the backend does not remove such records by itself, the store removes
///   them from time to time.
/// - **[`get`](Self::get) changes nothing**, and sees what the last create or take on any server left:
///   do not read from a replica that may be behind.
/// - **Bytes come back unchanged.**
/// - Each method concerns one key. No transaction over several keys is needed.
/// - A key is a secret while its record lives. Do not write keys to logs, and do not put keys or
///   records into errors.
///
/// # Errors
///
/// Every method returns within a few seconds. It fails with [`StoreError::unavailable`] if the backend
/// does not answer in time. If a reply is lost, do not repeat a create or a take, because the first
/// one may have succeeded: fail instead. A get may be repeated.
///
/// # Example
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use std::time::{Duration, Instant};
///
/// use tower_sqrl_core::StoreError;
/// use tower_sqrl_core::nuts::{RecordKind, RecordStore};
///
/// /// The end of each record's life, and its bytes.
/// #[derive(Debug, Default)]
/// struct MapStore(Mutex<HashMap<(RecordKind, [u8; 16]), (Instant, Vec<u8>)>>);
///
/// impl RecordStore for MapStore {
///     async fn create(
///         &self,
///         kind: RecordKind,
///         key: &[u8; 16],
///         record: Vec<u8>,
///         ttl: Duration,
///     ) -> Result<(), StoreError> {
///         let (mut map, now) = (self.0.lock().unwrap(), Instant::now());
///         map.retain(|_, (end, _)| *end > now);
///         if map.contains_key(&(kind, *key)) {
///             return Err(StoreError::conflict());
///         }
///         map.insert((kind, *key), (now + ttl, record));
///         Ok(())
///     }
///
///     async fn get(&self, kind: RecordKind, key: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
///         let map = self.0.lock().unwrap();
///         let live = map.get(&(kind, *key)).filter(|(end, _)| *end > Instant::now());
///         Ok(live.map(|(_, record)| record.clone()))
///     }
///
///     async fn take(&self, kind: RecordKind, key: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
///         let taken = self.0.lock().unwrap().remove(&(kind, *key));
///         Ok(taken.filter(|(end, _)| *end > Instant::now()).map(|(_, record)| record))
///     }
/// }
///
/// # // In a `#[tokio::test(flavor = "multi_thread")]`:
/// # async fn test() {
/// # #[cfg(feature = "conformance")]
/// tower_sqrl_core::conformance::nuts::run(|| async { MapStore::default() }).await;
/// # }
/// # #[cfg(feature = "conformance")]
/// # tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap().block_on(test());
/// ```
pub trait RecordStore: Debug + Send + Sync + 'static {
    /// Creates a record that lives for `ttl`, which is at most [`MAX_TTL`]. Round it up to what the
    /// backend's clock can tell: 1 ms is fine. A TTL of zero is valid.
    ///
    /// Creating a record of the kind [`RecordKind::Authorized`] also notifies the
    /// [watches](Self::watch) of its key. A notification that fails does not make this method fail.
    ///
    /// # Errors
    ///
    /// [`StoreError::conflict`] if a live record has this key: nothing changes.
    /// [`StoreError::unavailable`] if the backend does not answer in time.
    fn create(
        &self,
        kind: RecordKind,
        key: &[u8; 16],
        record: Vec<u8>,
        ttl: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns the live record, if there is one, and leaves it there.
    ///
    /// # Errors
    ///
    /// [`StoreError::unavailable`] if the backend does not answer in time, [`StoreError::corrupt`] if
    /// the backend holds something else than a record.
    fn get(
        &self,
        kind: RecordKind,
        key: &[u8; 16],
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Removes the live record and returns it, in one atomic step of the backend.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    fn take(
        &self,
        kind: RecordKind,
        key: &[u8; 16],
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Watches for the creation of the record of the kind [`RecordKind::Authorized`] under `key`.
    ///
    /// The [`Watch`] resolves when that record is created after this method returns, by this process
    /// or, if the backend can announce it, by another one. A notification may get lost, and it may
    /// come without need: the caller polls as well. [`Waiters`](super::Waiters) is the part of this
    /// within a process.
    ///
    /// The default is [`Watch::silent`]: the caller only polls, once a second.
    ///
    /// # Errors
    ///
    /// [`StoreError::unavailable`] if the watch cannot be set up. The caller polls.
    fn watch(&self, key: &[u8; 16]) -> impl Future<Output = Result<Watch, StoreError>> + Send {
        let _ = key;
        future::ready(Ok(Watch::silent()))
    }
}

#[async_trait]
impl<S: RecordStore> NutStore for S {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.create(state.into(), nut.as_bytes(), info.encode(), ttl.min(MAX_TTL)).await
    }

    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let record = self.get(state.into(), nut.as_bytes()).await?;
        record.map(|record| NutInfo::decode(&record)).transpose()
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let record = self.take(state.into(), nut.as_bytes()).await?;
        record.map(|record| NutInfo::decode(&record)).transpose()
    }

    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.create(RecordKind::Cps, id.as_bytes(), info.encode(), ttl.min(MAX_TTL)).await
    }

    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        let record = self.get(RecordKind::Cps, id.as_bytes()).await?;
        record.map(|record| CpsInfo::decode(&record)).transpose()
    }

    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        let record = self.take(RecordKind::Cps, id.as_bytes()).await?;
        record.map(|record| CpsInfo::decode(&record)).transpose()
    }

    async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        RecordStore::watch(self, wait.as_bytes()).await
    }
}
