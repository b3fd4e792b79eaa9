use std::sync::Mutex;

use rusqlite::Connection;

use crate::pace::Pace;

/// Connections that read on the thread of the caller, as [`Pace`] allows.
///
/// A read waits for nothing: neither for another read, nor for writes, which the write-ahead
/// log keeps apart, nor for locks. If it cannot be done at once it goes to the store's thread.
#[derive(Debug)]
pub(crate) struct Readers {
    connections: Vec<Mutex<Connection>>,
    pace: Pace,
}

impl Readers {
    /// Connections with a busy timeout of zero, or none: then every read goes to the thread.
    pub(crate) fn new(connections: Vec<Connection>) -> Self {
        let connections = connections.into_iter().map(Mutex::new).collect();
        Self { connections, pace: Pace::default() }
    }

    /// What is found, if it can be read at once.
    pub(crate) fn read<T>(
        &self,
        read: &mut impl FnMut(&Connection) -> rusqlite::Result<T>,
    ) -> Option<T> {
        if !self.pace.is_good() {
            return None;
        }
        let connection = self.connections.iter().find_map(|reader| reader.try_lock().ok())?;
        self.pace.watch(|| read(&connection)).ok()
    }

    pub(crate) fn close(&mut self) {
        self.connections.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::pace::SLOW;

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
    }
}
