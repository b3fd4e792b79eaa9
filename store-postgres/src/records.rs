use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::NutState;

use crate::connections::{Answer, Parameter};
use crate::database::Database;
use crate::hint::Hint;

/// The longest that a record can live, in microseconds: a hundred years. Postgres's
/// calendar ends, if late.
const FOR_EVER: i64 = 100 * 366 * 86_400 * 1_000_000;

/// A record that is alive stays, and then no row is written.
const CREATE: &str = "
    insert into {schema}.{prefix}nut as stored (kind, key, record, expires_at)
    values ($1, $2, $3, clock_timestamp() + $4::bigint * interval '1 microsecond')
    on conflict (kind, key) do update
        set record = excluded.record, expires_at = excluded.expires_at
        where stored.expires_at <= clock_timestamp()";

const LOOK: &str = "
    select record from {schema}.{prefix}nut
    where kind = $1 and key = $2 and expires_at > clock_timestamp()";

const TAKE: &str = "
    delete from {schema}.{prefix}nut
    where kind = $1 and key = $2 and expires_at > clock_timestamp()
    returning record";

/// The namespaces within the table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
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

/// The table `nut`.
#[derive(Debug)]
pub(crate) struct Records {
    database: Database,
    create: String,
    create_and_announce: String,
    channel: String,
    look: String,
    take: String,
}

impl Records {
    pub(crate) fn new(database: Database) -> Self {
        let names = &database.names;
        let create_and_announce = format!(
            "with created as ({CREATE} returning true) select pg_notify($5, $6)::text from created"
        );
        Self {
            create: names.fill_in(CREATE),
            create_and_announce: names.fill_in(&create_and_announce),
            channel: names.channel(),
            look: names.fill_in(LOOK),
            take: names.fill_in(TAKE),
            database,
        }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) async fn create(
        &self,
        kind: Kind,
        key: &[u8; 16],
        record: &[u8],
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let (kind, key, ttl) = (kind.as_str(), key.as_slice(), micros(ttl));
        let [a, b] = named(&kind, &key);
        let parameters = [a, b, (&record, Type::BYTEA), (&ttl, Type::INT8)];
        created(&self.database.connections.write(&self.create, &parameters).await?)
    }

    /// The announcement is sent when the record is there, and only then.
    pub(crate) async fn create_and_announce(
        &self,
        kind: Kind,
        key: &[u8; 16],
        record: &[u8],
        ttl: Duration,
        hint: Hint,
    ) -> Result<(), StoreError> {
        let (channel, payload) = (&self.channel, hint.to_payload());
        let (name, bytes, micros) = (kind.as_str(), key.as_slice(), micros(ttl));
        let [a, b] = named(&name, &bytes);
        let parameters = [
            a,
            b,
            (&record, Type::BYTEA),
            (&micros, Type::INT8),
            (channel, Type::TEXT),
            (&payload, Type::TEXT),
        ];
        match self.database.connections.write(&self.create_and_announce, &parameters).await {
            Ok(answer) => created(&answer),
            // Nothing is written. Perhaps it was the announcing, on which nothing depends:
            // the queue is full, or the role may not.
            Err(error) if error.code().is_some() => {
                tracing::warn!(%error, "an outcome could not be announced");
                self.create(kind, key, record, ttl).await
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn look(
        &self,
        kind: Kind,
        key: &[u8; 16],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let (kind, key) = (kind.as_str(), key.as_slice());
        record(&self.database.connections.look(&self.look, &named(&kind, &key)).await?)
    }

    pub(crate) async fn take(
        &self,
        kind: Kind,
        key: &[u8; 16],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let (kind, key) = (kind.as_str(), key.as_slice());
        record(&self.database.connections.write(&self.take, &named(&kind, &key)).await?.rows)
    }
}

/// As Postgres counts, rounded up.
fn micros(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_nanos().div_ceil(1000)).unwrap_or(FOR_EVER).min(FOR_EVER)
}

/// The primary key, which all statements begin with.
fn named<'a>(kind: &'a &'static str, key: &'a &[u8]) -> [Parameter<'a>; 2] {
    [(kind, Type::TEXT), (key, Type::BYTEA)]
}

fn created(answer: &Answer) -> Result<(), StoreError> {
    if answer.affected == 0 { Err(StoreError::conflict()) } else { Ok(()) }
}

fn record(rows: &[Row]) -> Result<Option<Vec<u8>>, StoreError> {
    rows.first().map(|row| row.try_get(0).map_err(StoreError::corrupt)).transpose()
}
