use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{RecordKind, RecordStore, WaitId, Waiters, Watch};

use crate::error::OpenError;
use crate::open::{Durability, Part, open};
use crate::worker::Worker;

/// One in so many creates also sweeps.
const SWEEP_EVERY: u32 = 8;

/// Rows that a sweep reads: four for every record that is created meanwhile. A whole round takes a
/// quarter as many creates as the table has rows, so the records that expired since the last round
/// are at most a third of the live ones.
const SWEEP_ROWS: u32 = 32;

const PART: Part = Part {
    name: "nut",
    steps: &[include_str!("../migrations/nut_1.sql"), include_str!("../migrations/nut_2.sql")],
};

/// Milliseconds since 1970 on the database's clock, the same throughout a statement.
macro_rules! now {
    () => {
        "cast(unixepoch('subsec') * 1000 as integer)"
    };
}

/// A live record stays: then no row is written.
const CREATE: &str = concat!(
    "insert into sqrl_nut (kind, key, expires_at, record) values (?1, ?2, ",
    now!(),
    " + ?3, ?4)
     on conflict (kind, key) do update
     set record = excluded.record, expires_at = excluded.expires_at
     where sqrl_nut.expires_at <= ",
    now!()
);

const GET: &str =
    concat!("select record from sqrl_nut where kind = ?1 and key = ?2 and expires_at > ", now!());

const TAKE: &str = concat!(
    "delete from sqrl_nut where kind = ?1 and key = ?2 and expires_at > ",
    now!(),
    " returning record"
);

const SWEEP: &str = concat!(
    "select kind, key, expires_at <= ",
    now!(),
    " from sqrl_nut where (kind, key) > (?1, ?2) order by kind, key limit ?3"
);

/// A store of sign-ins in progress, in the table `sqrl_nut`.
///
/// Sign-ins survive the end of the process. If the machine loses power, the changes of the last
/// moments may be undone. A request may then be accepted a second time while its nut lives; only the
/// same request can be.
///
/// A page that waits in the same process is notified of the outcome at once. A page that waits in
/// another process polls.
///
/// One in eight creates also removes expired records, a few at a time. At a steady rate they make up
/// at most a third of the table.
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
    /// Records created so far; decides which creates sweep.
    creates: AtomicU32,
    sweep: Arc<Sweep>,
}

impl SqliteNutStore {
    /// Opens or creates the file, and brings its tables up to date.
    ///
    /// Blocks the thread, for at most ten seconds if other processes use the file. Call it at start-up.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::start(Some(path.as_ref()))
    }

    /// Opens a database in memory, which ends with the store. Use it in tests.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
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
}

impl RecordStore for SqliteNutStore {
    async fn create(
        &self,
        kind: RecordKind,
        key: &[u8; 16],
        record: Vec<u8>,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let (key, sweep) = (*key, Arc::clone(&self.sweep));
        // Half of the range leaves room for the present time.
        let millis = i64::try_from(ttl.as_micros().div_ceil(1000)).unwrap_or(i64::MAX / 2);
        let sweeps = self.creates.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP_EVERY);
        let create = move |connection: &Connection| {
            if sweeps {
                sweep.run(connection)?;
            }
            let parameters = params![kind.as_str(), key, millis, record];
            connection.prepare_cached(CREATE)?.execute(parameters)
        };
        if self.worker.write(create).await? == 0 {
            return Err(StoreError::conflict());
        }
        if kind == RecordKind::Authorized {
            self.waiters.announce(&WaitId::from_bytes(key));
        }
        Ok(())
    }

    async fn get(&self, kind: RecordKind, key: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        let key = *key;
        self.worker.read(move |connection| record(connection, GET, kind, &key)).await
    }

    async fn take(&self, kind: RecordKind, key: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        let key = *key;
        self.worker.write(move |connection| record(connection, TAKE, kind, &key)).await
    }

    async fn watch(&self, key: &[u8; 16]) -> Result<Watch, StoreError> {
        Ok(self.waiters.watch(WaitId::from_bytes(*key)))
    }
}

/// The live record that the statement selects or deletes.
fn record(
    connection: &Connection,
    statement: &str,
    kind: RecordKind,
    key: &[u8; 16],
) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached(statement)?;
    statement.query_row(params![kind.as_str(), key], |row| row.get(0)).optional()
}

/// Removes expired records: goes round and round through the table, some rows at a time.
#[derive(Debug, Default)]
struct Sweep {
    /// The last row that was read; `None` at the start of a round.
    last: Mutex<Option<(String, Vec<u8>)>>,
}

impl Sweep {
    fn run(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (kind, key) = last.take().unwrap_or_default();
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let rows = connection
            .prepare_cached(SWEEP)?
            .query_map(params![kind, key, SWEEP_ROWS], row)?
            .collect::<rusqlite::Result<Vec<(String, Vec<u8>, bool)>>>()?;
        let mut delete =
            connection.prepare_cached("delete from sqrl_nut where kind = ?1 and key = ?2")?;
        for (kind, key, _) in rows.iter().filter(|(.., expired)| *expired) {
            delete.execute(params![kind, key])?;
        }
        let goes_on = rows.len() == usize::try_from(SWEEP_ROWS).unwrap_or(usize::MAX);
        *last = rows.into_iter().next_back().filter(|_| goes_on).map(|(kind, key, _)| (kind, key));
        Ok(())
    }
}
