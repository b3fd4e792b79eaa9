use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{CpsId, CpsInfo, NutInfo, NutState, NutStore, WaitId, Waiters, Watch};
use tower_sqrl_core::protocol::Nut;

use crate::error::OpenError;
use crate::migrate::Part;
use crate::open::{Durability, open};
use crate::records::{self, Kind};
use crate::sweep::Sweep;
use crate::worker::Worker;

/// A sweep comes with every so many records that are stored.
const SWEEP_EVERY: u32 = 8;

const PART: Part = Part {
    name: "nut",
    steps: &[include_str!("../migrations/nut_1.sql"), include_str!("../migrations/nut_2.sql")],
};

/// Sign-ins under way in the table `sqrl_nut`.
///
/// They survive the end of the process. When the machine loses its power the last moments
/// may be undone, so that a request may be accepted a second time while its nut lives; it
/// can only be the same request.
///
/// Outcomes are announced within the process; a page that waits in another one polls.
/// Expired records are removed a few at a time, with every eighth record that is stored. They
/// make up a third of the table at most where records are stored at a steady rate.
///
/// ```
/// use tower_sqrl_sqlite::{SqliteIdentityStore, SqliteNutStore};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("app.sqlite");
/// let nuts = SqliteNutStore::open(&path)?;
/// let identities = SqliteIdentityStore::open(&path)?; // in the same file
/// # drop((nuts, identities));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SqliteNutStore {
    worker: Worker,
    waiters: Waiters<WaitId>,
    /// How many records have been stored, to know when to sweep.
    creates: AtomicU32,
    sweep: Arc<Sweep>,
}

impl SqliteNutStore {
    /// Opens the file, or makes it, and brings its tables up to date.
    ///
    /// It blocks while it does, ten seconds at most if others use the file: for start-up.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::start(Some(path.as_ref()))
    }

    /// A database that is gone with the store: for tests.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn in_memory() -> Result<Self, OpenError> {
        Self::start(None)
    }

    fn start(path: Option<&Path>) -> Result<Self, OpenError> {
        let worker = open(path, &PART, Durability::Normal)?;
        Ok(Self {
            worker,
            waiters: Waiters::default(),
            creates: AtomicU32::new(0),
            sweep: Arc::default(),
        })
    }

    async fn create(
        &self,
        kind: Kind,
        key: [u8; 16],
        record: Vec<u8>,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let sweep = Arc::clone(&self.sweep);
        let sweeps = self.creates.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP_EVERY);
        let created = self
            .worker
            .write(move |connection| {
                if sweeps {
                    sweep.run(connection)?;
                }
                records::create(connection, kind, &key, &record, ttl)
            })
            .await?;
        if created { Ok(()) } else { Err(StoreError::conflict()) }
    }

    async fn look(&self, kind: Kind, key: [u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.worker.read(move |connection| records::look(connection, kind, &key)).await
    }

    async fn take(&self, kind: Kind, key: [u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.worker.write(move |connection| records::take(connection, kind, &key)).await
    }
}

#[async_trait]
impl NutStore for SqliteNutStore {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.create(state.into(), *nut.as_bytes(), info.encode(), ttl).await?;
        if state == NutState::Authorized {
            self.waiters.announce(&WaitId::from_bytes(*nut.as_bytes()));
        }
        Ok(())
    }

    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let record = self.look(state.into(), *nut.as_bytes()).await?;
        record.map(|record| NutInfo::decode(&record)).transpose()
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let record = self.take(state.into(), *nut.as_bytes()).await?;
        record.map(|record| NutInfo::decode(&record)).transpose()
    }

    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.create(Kind::Cps, *id.as_bytes(), info.encode(), ttl).await
    }

    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        let record = self.look(Kind::Cps, *id.as_bytes()).await?;
        record.map(|record| CpsInfo::decode(&record)).transpose()
    }

    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        let record = self.take(Kind::Cps, *id.as_bytes()).await?;
        record.map(|record| CpsInfo::decode(&record)).transpose()
    }

    async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        Ok(self.waiters.watch(*wait))
    }
}
