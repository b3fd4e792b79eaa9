use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{RecordKind, RecordStore, Waiters, Watch};

use crate::connections::{Answer, Parameter};
use crate::database::Database;
use crate::error::{CallError, OpenError};
use crate::listen::{Hint, Listener};
use crate::migrate::{Part, migrate};

const PART: Part = Part { name: "nut", steps: &[include_str!("../migrations/nut_1.sql")] };

/// Rows that one statement sweeps, so that none takes long.
const SWEEP_ROWS: i64 = 1000;

/// A live record stays: then no row is written.
const CREATE: &str = "
    insert into {schema}.{prefix}nut as stored (kind, key, record, expires_at)
    values ($1, $2, $3, clock_timestamp() + $4::bigint * interval '1 microsecond')
    on conflict (kind, key) do update
        set record = excluded.record, expires_at = excluded.expires_at
        where stored.expires_at <= clock_timestamp()";

const GET: &str = "
    select record from {schema}.{prefix}nut
    where kind = $1 and key = $2 and expires_at > clock_timestamp()";

const TAKE: &str = "
    delete from {schema}.{prefix}nut
    where kind = $1 and key = $2 and expires_at > clock_timestamp()
    returning record";

/// Several servers may sweep at once: each locks other rows. A row is locked, compared again and only
/// then deleted, so a record that has replaced an expired one stays.
const SWEEP: &str = "
    delete from {schema}.{prefix}nut
    where expires_at <= now() and ctid = any (array(
        select ctid from {schema}.{prefix}nut
        where expires_at <= now()
        order by expires_at
        limit $1
        for update skip locked
    ))";

/// A store of sign-ins in progress, in the table `sqrl_nut`.
///
/// Records expire on the database's clock. A task of each store removes expired records; several
/// servers may do so at once. Outcomes are announced with `NOTIFY`, and a [`Database`] that listens
/// receives the announcements. The tasks end when the store is dropped.
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
    database: Database,
    statements: Statements,
    /// `None` if the store does not listen.
    waiters: Option<Waiters<Hint>>,
    _tasks: JoinSet<()>,
}

impl PostgresNutStore {
    /// Opens the store and brings its tables up to date. Several servers may do so at once.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub async fn open(database: &Database) -> Result<Self, OpenError> {
        Self::start(database, false).await
    }

    /// Opens the store as [`open`](Self::open) does, but creates a missing table as `unlogged`.
    ///
    /// An unlogged table is faster. It is empty after a crash of Postgres or a fail-over, so users whose
    /// sign-in is in progress start again. `alter table … set logged` undoes this.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
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
            let (channel, timeout) = (database.names.channel(), database.connections.timeout);
            let listener = Listener::start(connect, channel, timeout, all.clone()).await?;
            if let Some(listener) = listener {
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
        let statements = Statements::new(database);
        Ok(Self { database: database.clone(), statements, waiters, _tasks: tasks })
    }

    /// Removes all expired records and returns their number. The store also does this by itself.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](tower_sqrl_core::StoreErrorKind::Unavailable) if the database does not answer in
    /// time.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        Ok(sweep(&self.database).await?)
    }

    /// Creates a record and announces it in the same statement: either both happen or neither.
    async fn create_and_announce(
        &self,
        key: &[u8; 16],
        parameters: &[Parameter<'_>; 4],
    ) -> Result<Answer, CallError> {
        let [a, b, c, d] = parameters.clone();
        let (channel, payload) = (&self.statements.channel, Hint::of(*key).to_payload());
        let parameters = [a, b, c, d, (channel, Type::TEXT), (&payload, Type::TEXT)];
        self.database.connections.write(&self.statements.create_and_announce, &parameters).await
    }
}

impl RecordStore for PostgresNutStore {
    async fn create(
        &self,
        kind: RecordKind,
        key: &[u8; 16],
        record: Vec<u8>,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let micros = i64::try_from(ttl.as_nanos().div_ceil(1000)).unwrap_or(i64::MAX);
        let (name, bytes) = (kind.as_str(), key.as_slice());
        let [a, b] = primary_key(&name, &bytes);
        let parameters = [a, b, (&record, Type::BYTEA), (&micros, Type::INT8)];
        if kind == RecordKind::Authorized {
            match self.create_and_announce(key, &parameters).await {
                Ok(answer) => return created(&answer),
                // Nothing is written. The announcement may be what failed, because the queue is full or
                // the role lacks a right. The record does not depend on it.
                Err(error) if error.code().is_some() => {
                    tracing::warn!(%error, "an outcome could not be announced");
                }
                Err(error) => return Err(error.into()),
            }
        }
        created(&self.database.connections.write(&self.statements.create, &parameters).await?)
    }

    async fn get(&self, kind: RecordKind, key: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        let (kind, key) = (kind.as_str(), key.as_slice());
        let parameters = primary_key(&kind, &key);
        record(&self.database.connections.read(&self.statements.get, &parameters).await?)
    }

    async fn take(&self, kind: RecordKind, key: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        let (kind, key) = (kind.as_str(), key.as_slice());
        let parameters = primary_key(&kind, &key);
        record(&self.database.connections.write(&self.statements.take, &parameters).await?.rows)
    }

    async fn watch(&self, key: &[u8; 16]) -> Result<Watch, StoreError> {
        let watch = self.waiters.as_ref().map(|waiters| waiters.watch(Hint::of(*key)));
        Ok(watch.unwrap_or_else(Watch::silent))
    }
}

/// The first parameters of the statements on one record.
fn primary_key<'a>(kind: &'a &'static str, key: &'a &[u8]) -> [Parameter<'a>; 2] {
    [(kind, Type::TEXT), (key, Type::BYTEA)]
}

fn created(answer: &Answer) -> Result<(), StoreError> {
    if answer.affected == 0 { Err(StoreError::conflict()) } else { Ok(()) }
}

fn record(rows: &[Row]) -> Result<Option<Vec<u8>>, StoreError> {
    rows.first().map(|row| row.try_get(0).map_err(StoreError::corrupt)).transpose()
}

/// The statements on one record, with the names of the tables.
#[derive(Debug)]
struct Statements {
    create: String,
    create_and_announce: String,
    channel: String,
    get: String,
    take: String,
}

impl Statements {
    fn new(database: &Database) -> Self {
        let names = &database.names;
        let create_and_announce = format!(
            "with created as ({CREATE} returning true) select pg_notify($5, $6)::text from created"
        );
        Self {
            create: names.fill_in(CREATE),
            create_and_announce: names.fill_in(&create_and_announce),
            channel: names.channel(),
            get: names.fill_in(GET),
            take: names.fill_in(TAKE),
        }
    }
}

/// Removes all expired records and returns their number.
async fn sweep(database: &Database) -> Result<usize, CallError> {
    let statement = database.names.fill_in(SWEEP);
    let mut swept = 0;
    loop {
        let batch = database.connections.write(&statement, &[(&SWEEP_ROWS, Type::INT8)]).await?;
        if batch.affected == 0 {
            return Ok(swept);
        }
        swept += usize::try_from(batch.affected).unwrap_or(usize::MAX);
    }
}

/// Sweeps at intervals until the task is aborted.
async fn keep_swept(database: Database) {
    loop {
        match sweep(&database).await {
            Ok(0) => {}
            Ok(swept) => tracing::debug!(swept, "expired nuts were removed"),
            Err(error) => tracing::warn!(%error, "expired nuts could not be removed"),
        }
        sleep(database.sweep_every).await;
    }
}
