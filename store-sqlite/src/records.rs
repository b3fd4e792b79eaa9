//! The table `nut`: its statements, and the clock that they go by.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tower_sqrl_core::nuts::NutState;

/// The longest that a record can live, in milliseconds: room is left to add a moment.
const FOR_EVER: i64 = i64::MAX / 2;

/// Milliseconds since 1970 on the database's clock, the same throughout a statement.
macro_rules! now {
    () => {
        "cast(unixepoch('subsec') * 1000 as integer)"
    };
}
pub(crate) use now;

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

/// Whether it happened: a record that is alive stays.
pub(crate) fn create(
    connection: &Connection,
    kind: Kind,
    key: &[u8; 16],
    record: &[u8],
    ttl: Duration,
) -> rusqlite::Result<bool> {
    let ttl = i64::try_from(ttl.as_micros().div_ceil(1000)).unwrap_or(FOR_EVER).min(FOR_EVER);
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

pub(crate) fn look(
    connection: &Connection,
    kind: Kind,
    key: &[u8; 16],
) -> rusqlite::Result<Option<Vec<u8>>> {
    let select = concat!(
        "select record from sqrl_nut where kind = ?1 and key = ?2 and expires_at > ",
        now!()
    );
    record(connection, select, kind, key)
}

pub(crate) fn take(
    connection: &Connection,
    kind: Kind,
    key: &[u8; 16],
) -> rusqlite::Result<Option<Vec<u8>>> {
    let delete = concat!(
        "delete from sqrl_nut where kind = ?1 and key = ?2 and expires_at > ",
        now!(),
        " returning record"
    );
    record(connection, delete, kind, key)
}

/// The one record that a statement is about, if it is alive.
fn record(
    connection: &Connection,
    statement: &str,
    kind: Kind,
    key: &[u8; 16],
) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached(statement)?;
    statement.query_row(params![kind.as_str(), key], |row| row.get(0)).optional()
}
