use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, TransactionBehavior, params};

use crate::error::OpenError;
use crate::readers::Readers;
use crate::worker::{Worker, Writes};

/// How long opening waits for other processes.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that read on the caller's thread. If all are in use, the store's thread reads.
const READERS: usize = 4;

/// Which changes a power cut may undo. The end of the process undoes none.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Durability {
    /// None: every write waits for the disk.
    Full,
    /// Those of the last moments.
    Normal,
}

pub(crate) fn open(
    path: Option<&Path>,
    part: &Part,
    durability: Durability,
) -> Result<Worker, OpenError> {
    let (writer, readers) = match path {
        Some(path) => connect(path, part, durability).map_err(|error| error.at(path))?,
        None => (prepare(Connection::open_in_memory()?, part, durability)?.0, Vec::new()),
    };
    let writes = match durability {
        // Without a log every write waits for the disk. A database in memory has none.
        Durability::Normal if !readers.is_empty() => Writes::AtOnce,
        _ => Writes::OnTheThread,
    };
    Worker::start(part.name, writer, writes, Readers::new(readers))
        .map_err(|error| OpenError::Unavailable(error.into()))
}

/// Returns the connection that writes, and those that read.
fn connect(
    path: &Path,
    part: &Part,
    durability: Durability,
) -> Result<(Connection, Vec<Connection>), OpenError> {
    let (writer, log) = prepare(Connection::open(path)?, part, durability)?;
    // The worker empties the log.
    writer.pragma_update(None, "wal_autocheckpoint", 0)?;
    // Without a log readers and writers would wait for each other. A name such as `:memory:` leads to
    // another database each time, which has no log.
    let readers = if log { READERS } else { 0 };
    let readers = (0..readers).map(|_| reader(path)).collect::<Result<_, _>>()?;
    Ok((writer, readers))
}

/// Sets up a connection and brings the tables up to date. Returns whether the database has a
/// write-ahead log.
fn prepare(
    mut connection: Connection,
    part: &Part,
    durability: Durability,
) -> Result<(Connection, bool), OpenError> {
    connection.busy_timeout(OPEN_TIMEOUT)?;
    let log = use_wal(&connection)?;
    connection.pragma_update(
        None,
        "synchronous",
        match durability {
            Durability::Full => "full",
            Durability::Normal => "normal",
        },
    )?;
    // On macOS a plain fsync() leaves the data in the disk's cache.
    connection.pragma_update(None, "fullfsync", true)?;
    // For the application's tables that refer to these.
    connection.pragma_update(None, "foreign_keys", true)?;
    migrate(&mut connection, part)?;
    Ok((connection, log))
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Changes to the write-ahead log. That needs the file exclusively for a moment and does not wait for it,
/// so if several processes start at once, some have to try again.
fn use_wal(connection: &Connection) -> rusqlite::Result<bool> {
    let deadline = Instant::now() + OPEN_TIMEOUT;
    let mode = |row: &Row<'_>| row.get::<_, String>(0);
    loop {
        match connection.query_row("pragma journal_mode = wal", [], mode) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                thread::sleep(Duration::from_millis(5));
            }
            mode => return Ok(mode? == "wal"),
        }
    }
}

/// The tables of one store. They have a version of their own, because the tables of the other store may
/// be in another file.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// The statements from each version to the next, starting with an empty database.
    pub(crate) steps: &'static [&'static str],
}

/// Takes the missing steps, all or none. Other writers wait meanwhile.
fn migrate(connection: &mut Connection, part: &Part) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "create table if not exists sqrl_schema (
            part    text    not null primary key,
            version integer not null
        ) strict, without rowid",
    )?;
    let found: u32 = transaction
        .query_row("select version from sqrl_schema where part = ?1", [part.name], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let known = u32::try_from(part.steps.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(OpenError::Newer { part: part.name, found, known });
    }
    let missing = part.steps.iter().zip(1..).filter(|&(_, version)| version > found);
    for (step, _) in missing {
        transaction.execute_batch(step)?;
    }
    // Also if it does not change: a file that cannot be written must fail now, and not at the first
    // sign-in.
    transaction.execute(
        "insert into sqrl_schema (part, version) values (?1, ?2)
         on conflict (part) do update set version = excluded.version",
        params![part.name, known],
    )?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_connection_has_its_settings() {
        let directory = tempfile::tempdir().expect("a directory");
        let part = Part { name: "test", steps: &[] };
        for (durability, synchronous) in [(Durability::Full, 2), (Durability::Normal, 1)] {
            let path = directory.path().join(format!("{durability:?}"));
            let worker = open(Some(&path), &part, durability).expect("a new file");
            let number = |connection: &Connection, pragma| {
                connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0))
            };
            let write = |pragma| worker.write(move |connection| number(connection, pragma));
            assert_eq!(write("synchronous").await.expect("a number"), synchronous);
            assert_eq!(write("wal_autocheckpoint").await.expect("a number"), 0);
            assert_eq!(write("fullfsync").await.expect("a number"), 1);
            assert_eq!(write("foreign_keys").await.expect("a number"), 1);
            let mode = worker.write(|connection| {
                connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))
            });
            assert_eq!(mode.await.expect("a name"), "wal");
            let reader = reader(&path).expect("the same file");
            assert_eq!(number(&reader, "query_only").expect("a number"), 1);
            assert_eq!(number(&reader, "busy_timeout").expect("a number"), 0);
        }
    }
}
