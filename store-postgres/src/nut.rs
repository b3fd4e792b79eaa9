use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinSet;
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{CpsId, CpsInfo, NutInfo, NutState, NutStore, WaitId, Waiters, Watch};
use tower_sqrl_core::protocol::Nut;

use crate::database::Database;
use crate::error::OpenError;
use crate::hint::Hint;
use crate::listen::Listener;
use crate::migrate::{Part, migrate};
use crate::records::{Kind, Records};
use crate::sweep::{keep_swept, sweep};

const PART: Part = Part { name: "nut", steps: &[include_str!("../migrations/nut_1.sql")] };

/// Sign-ins under way in the table `sqrl_nut`.
///
/// Expiry is on the database's clock; a task of each store sweeps, and any number of them
/// may. Outcomes are announced by `NOTIFY`, and heard of where the [`Database`] listens.
/// The tasks end when the store is dropped.
///
/// ```no_run
/// use tower_sqrl_postgres::{Database, OpenError, PostgresNutStore};
///
/// # async fn example() -> Result<(), OpenError> {
/// let database = Database::connect_no_tls("postgres://sqrl@10.0.0.31/app")?.schema("auth");
/// let nuts = PostgresNutStore::open(&database).await?;
/// # drop(nuts);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct PostgresNutStore {
    records: Records,
    /// None where nothing is heard of.
    waiters: Option<Waiters<Hint>>,
    _tasks: JoinSet<()>,
}

impl PostgresNutStore {
    /// Opens the store and brings its tables up to date. Many servers may do so at once.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub async fn open(database: &Database) -> Result<Self, OpenError> {
        Self::start(database, false).await
    }

    /// The same, but if there is no table yet it is made `unlogged`: faster, empty after
    /// a crash of Postgres or a fail-over, so that the sign-ins that were under way have
    /// to be begun again. `alter table … set logged` changes one's mind.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub async fn open_unlogged(database: &Database) -> Result<Self, OpenError> {
        Self::start(database, true).await
    }

    async fn start(database: &Database, unlogged: bool) -> Result<Self, OpenError> {
        migrate(database, &PART, unlogged).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_swept(database.clone()));
        let mut waiters = None;
        if let Some(connect) = database.listen.clone() {
            let all = Waiters::default();
            if let Some(listener) = Listener::start(database, connect, all.clone()).await? {
                tasks.spawn(listener.run());
                waiters = Some(all);
            } else {
                tracing::warn!(
                    "the connection for announcements leads through a pooler, which does not \
                     deliver them: pages that wait poll instead. Give `Database::listen_with` the \
                     address of the Postgres server itself."
                );
            }
        }
        Ok(Self { records: Records::new(database.clone()), waiters, _tasks: tasks })
    }

    /// Sweeps away everything that has expired, and says how many records that were.
    /// The store does so by itself.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](tower_sqrl_core::StoreErrorKind::Unavailable).
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        Ok(sweep(self.records.database()).await?)
    }
}

#[async_trait]
impl NutStore for PostgresNutStore {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let (key, record) = (nut.as_bytes(), info.encode());
        match state {
            NutState::Pending => self.records.create(Kind::Pending, key, &record, ttl).await,
            NutState::Authorized => {
                let hint = Hint::of(*key);
                self.records.create_and_announce(Kind::Authorized, key, &record, ttl, hint).await
            }
        }
    }

    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let record = self.records.look(state.into(), nut.as_bytes()).await?;
        record.map(|record| NutInfo::decode(&record)).transpose()
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let record = self.records.take(state.into(), nut.as_bytes()).await?;
        record.map(|record| NutInfo::decode(&record)).transpose()
    }

    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.records.create(Kind::Cps, id.as_bytes(), &info.encode(), ttl).await
    }

    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        let record = self.records.look(Kind::Cps, id.as_bytes()).await?;
        record.map(|record| CpsInfo::decode(&record)).transpose()
    }

    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        let record = self.records.take(Kind::Cps, id.as_bytes()).await?;
        record.map(|record| CpsInfo::decode(&record)).transpose()
    }

    async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        Ok(self
            .waiters
            .as_ref()
            .map_or_else(Watch::silent, |waiters| waiters.watch(Hint::of(*wait.as_bytes()))))
    }
}
