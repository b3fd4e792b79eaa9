use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// A read that takes longer went to the disk, or waited for its turn on a busy processor.
const SLOW: Duration = Duration::from_millis(5);
/// How long reads keep off the caller's thread after such a read.
const KEEP_OFF: Duration = Duration::from_secs(1);

/// Connections that read on the thread of the caller.
///
/// A read looks up one or two keys. With its pages in memory, where SQLite's write-ahead log
/// and the system's file cache keep what is in use, that takes some microseconds, a tenth of
/// what the verification of a signature takes on the same thread; handing it to another
/// thread and back costs several times as much. A read never waits here: neither for another
/// read, nor for writes, which the write-ahead log keeps apart, nor for locks. If it cannot
/// be done at once it goes to the store's own thread. A slow disk blocks the caller's thread
/// once a second at most.
#[derive(Debug)]
pub(crate) struct Readers {
    connections: Vec<Mutex<Connection>>,
    since: Instant,
    /// Until then reads keep off, in milliseconds from `since`.
    slow_until: AtomicU64,
}

impl Readers {
    /// Connections with a busy timeout of zero, or none: then every read goes to the thread.
    pub(crate) fn new(connections: Vec<Connection>) -> Self {
        let connections = connections.into_iter().map(Mutex::new).collect();
        Self { connections, since: Instant::now(), slow_until: AtomicU64::new(0) }
    }

    /// What is found, if it can be read at once.
    pub(crate) fn read<T>(
        &self,
        read: &mut impl FnMut(&Connection) -> rusqlite::Result<T>,
    ) -> Option<T> {
        let begun = Instant::now();
        if self.millis(begun) < self.slow_until.load(Ordering::Relaxed) {
            return None;
        }
        let connection = self.connections.iter().find_map(|reader| reader.try_lock().ok())?;
        let found = read(&connection).ok();
        drop(connection);
        let ended = Instant::now();
        if ended - begun > SLOW {
            self.slow_until.store(self.millis(ended + KEEP_OFF), Ordering::Relaxed);
        }
        found
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from((at - self.since).as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn readers() -> Readers {
        Readers::new(vec![Connection::open_in_memory().expect("memory")])
    }

    fn one(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row("select 1", [], |row| row.get(0))
    }

    #[test]
    fn a_read_runs_where_it_is_asked() {
        let readers = readers();
        let mut read = |connection: &Connection| {
            one(connection)?;
            Ok(thread::current().id())
        };
        assert_eq!(readers.read(&mut read), Some(thread::current().id()));
        assert_eq!(Readers::new(Vec::new()).read(&mut read), None);
    }

    #[test]
    fn a_read_waits_for_no_other() {
        let readers = readers();
        let in_use = readers.connections[0].lock().expect("nobody else");
        assert_eq!(readers.read(&mut one), None);
        drop(in_use);
        assert_eq!(readers.read(&mut one), Some(1));
    }

    #[test]
    fn what_fails_is_left_to_the_thread() {
        let mut read = |_: &Connection| Err::<i64, _>(rusqlite::Error::InvalidQuery);
        assert_eq!(readers().read(&mut read), None);
    }

    #[test]
    fn a_slow_read_keeps_the_next_ones_off() {
        let readers = readers();
        let mut slow = |connection: &Connection| {
            thread::sleep(2 * SLOW);
            one(connection)
        };
        assert_eq!(readers.read(&mut slow), Some(1));
        assert_eq!(readers.read(&mut one), None);
        // For a while.
        readers.slow_until.store(readers.millis(Instant::now()), Ordering::Relaxed);
        assert_eq!(readers.read(&mut one), Some(1));
    }
}
