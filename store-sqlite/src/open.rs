use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use crate::error::OpenError;
use crate::migrate::{Part, migrate};
use crate::worker::Worker;

/// How long a call waits for other connections' writes: less than a call may take in all.
const BUSY_TIMEOUT: Duration = Duration::from_millis(1500);
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

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
    let mut connection = match path {
        Some(path) => Connection::open(path)?,
        None => Connection::open_in_memory()?,
    };
    connection.busy_timeout(OPEN_TIMEOUT)?;
    use_wal(&connection)?;
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
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Worker::start(part.name, connection).map_err(OpenError::Thread)
}

/// Changing to the write-ahead log needs the file for itself for a moment and does not
/// wait for it, so that of several processes that start at once some have to ask again.
fn use_wal(connection: &Connection) -> Result<(), OpenError> {
    let deadline = Instant::now() + OPEN_TIMEOUT;
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                thread::sleep(Duration::from_millis(5));
            }
            done => return Ok(done?),
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
            let read = |pragma| {
                worker.read(move |connection| {
                    connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0))
                })
            };
            assert_eq!(read("synchronous").await.expect("a number"), synchronous);
            assert_eq!(read("fullfsync").await.expect("a number"), 1);
            assert_eq!(read("foreign_keys").await.expect("a number"), 1);
            assert_eq!(read("busy_timeout").await.expect("a number"), 1500);
            let mode = worker.read(|connection| {
                connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))
            });
            assert_eq!(mode.await.expect("a name"), "wal");
        }
    }
}
