use std::sync::Mutex;

use rusqlite::Connection;

use crate::inline::InlinePolicy;

/// Connections that read on the caller's thread, if [`InlinePolicy`] allows it.
///
/// A read waits neither for another read, nor for a lock, nor for writes, which go to the write-ahead
/// log. If it cannot be done at once, the store's thread does it.
#[derive(Debug)]
pub(crate) struct Readers {
    connections: Vec<Mutex<Connection>>,
    policy: InlinePolicy,
}

impl Readers {
    /// Takes connections with a busy timeout of zero. Without connections the store's thread does every read.
    pub(crate) fn new(connections: Vec<Connection>) -> Self {
        let connections = connections.into_iter().map(Mutex::new).collect();
        Self { connections, policy: InlinePolicy::default() }
    }

    /// Reads, if that can be done at once.
    pub(crate) fn read<T>(
        &self,
        read: &mut impl FnMut(&Connection) -> rusqlite::Result<T>,
    ) -> Option<T> {
        if !self.policy.allows() {
            return None;
        }
        let connection = self.connections.iter().find_map(|reader| reader.try_lock().ok())?;
        self.policy.measure(|| read(&connection)).ok()
    }

    pub(crate) fn close(&mut self) {
        self.connections.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::inline::SLOW;

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
    fn a_failed_read_is_left_to_the_thread() {
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
