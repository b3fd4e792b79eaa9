use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use tower_sqrl::protocol::Nut;
use tower_sqrl::store::{
    CpsId, CpsInfo, NutInfo, NutState, NutStore, StoreError, WaitId, Waiters, Watch,
};

use crate::error::OpenError;
use crate::migrate::Part;
use crate::open::{Durability, open};
use crate::worker::Worker;

const PART: Part = Part { name: "nut", steps: &[include_str!("../migrations/nut_1.sql")] };

/// The longest that a record can live, in milliseconds: room is left to add a moment.
const FOR_EVER: i64 = i64::MAX / 2;

/// Milliseconds since 1970 on the database's clock, the same throughout a statement.
macro_rules! now {
    () => {
        "cast(unixepoch('subsec') * 1000 as integer)"
    };
}

/// Sign-ins under way in the table `sqrl_nut`.
///
/// They survive the end of the process. When the machine loses its power the last moments
/// may be undone, so that a request may be accepted a second time while its nut lives; it
/// can only be the same request.
///
/// Outcomes are announced within the process; a page that waits in another one polls.
/// With every record that is made a few that have expired are swept.
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
        Ok(Self { worker, waiters: Waiters::default() })
    }

    async fn create(
        &self,
        kind: Kind,
        key: [u8; 16],
        record: Vec<u8>,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let ttl = i64::try_from(ttl.as_micros().div_ceil(1000)).unwrap_or(FOR_EVER).min(FOR_EVER);
        let created = self
            .worker
            .write(move |transaction| {
                sweep(transaction)?;
                create(transaction, kind, &key, &record, ttl)
            })
            .await?;
        if created { Ok(()) } else { Err(StoreError::conflict()) }
    }

    async fn look(&self, kind: Kind, key: [u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.worker.read(move |connection| look(connection, kind, &key)).await
    }

    async fn take(&self, kind: Kind, key: [u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.worker.write(move |transaction| take(transaction, kind, &key)).await
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

/// The namespaces within the table.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Pending,
    Authorized,
    Cps,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Authorized => "authorized",
            Self::Cps => "cps",
        }
    }
}

impl From<NutState> for Kind {
    fn from(state: NutState) -> Self {
        match state {
            NutState::Pending => Self::Pending,
            NutState::Authorized => Self::Authorized,
        }
    }
}

/// Whether it happened: a record that is alive stays.
fn create(
    connection: &Connection,
    kind: Kind,
    key: &[u8; 16],
    record: &[u8],
    ttl: i64,
) -> rusqlite::Result<bool> {
    let rows = connection
        .prepare_cached(concat!(
            "insert into sqrl_nut (kind, key, expires_at, record) values (?1, ?2, ",
            now!(),
            " + ?3, ?4)
             on conflict (kind, key) do update
                set expires_at = excluded.expires_at, record = excluded.record
                where sqrl_nut.expires_at <= ",
            now!()
        ))?
        .execute(params![kind.as_str(), key, ttl, record])?;
    Ok(rows == 1)
}

fn look(connection: &Connection, kind: Kind, key: &[u8; 16]) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached(concat!(
            "select record from sqrl_nut where kind = ?1 and key = ?2 and expires_at > ",
            now!()
        ))?
        .query_row(params![kind.as_str(), key], |row| row.get(0))
        .optional()
}

fn take(connection: &Connection, kind: Kind, key: &[u8; 16]) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached(concat!(
            "delete from sqrl_nut where kind = ?1 and key = ?2 and expires_at > ",
            now!(),
            " returning record"
        ))?
        .query_row(params![kind.as_str(), key], |row| row.get(0))
        .optional()
}

/// A few at a time with every record made: more than are made, so that none pile up, and
/// so few that nobody waits for it.
fn sweep(connection: &Connection) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(concat!(
            "delete from sqrl_nut where (kind, key) in
                (select kind, key from sqrl_nut where expires_at <= ",
            now!(),
            " order by expires_at limit 4)"
        ))?
        .execute([])
}
