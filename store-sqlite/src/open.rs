use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Row};

use crate::error::OpenError;
use crate::migrate::{Part, migrate};
use crate::readers::Readers;
use crate::worker::{Worker, Writes};

const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that read on the caller's thread. When all are in use, the store's thread reads.
const READERS: usize = 4;

/// How much of what was answered may be lost when the machine loses its power. Nothing
/// is ever lost when only the process dies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Durability {
    /// Nothing: every write waits for the disk.
    Full,
    /// The last moments.
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
        // Without the log every write waits for the disk, and in memory there is none.
        Durability::Normal if !readers.is_empty() => Writes::AtOnce,
        _ => Writes::OnTheThread,
    };
    Worker::start(part.name, writer, writes, Readers::new(readers)).map_err(OpenError::Thread)
}

/// The connection that writes, and those that read.
fn connect(
    path: &Path,
    part: &Part,
    durability: Durability,
) -> Result<(Connection, Vec<Connection>), OpenError> {
    let (writer, log) = prepare(Connection::open(path)?, part, durability)?;
    // The worker empties the log.
    writer.pragma_update(None, "wal_autocheckpoint", 0)?;
    // Without the log readers and writers would wait for each other. And names such as
    // `:memory:` lead to another database each time, which has no log.
    let readers = if log { READERS } else { 0 };
    let readers = (0..readers).map(|_| reader(path)).collect::<Result<_, _>>()?;
    Ok((writer, readers))
}

/// Brings a connection's settings and the tables up to date. True if the database has a
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
    // For tables of the application's that refer to ours.
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

/// Changing to the write-ahead log needs the file for itself for a moment and does not
/// wait for it, so that of several processes that start at once some have to ask again.
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
