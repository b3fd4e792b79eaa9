use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, params};

use crate::records::now;

/// Rows that a sweep goes through: four for every record that is stored meanwhile. So a
/// whole round takes a quarter as many records as the table has rows, and what has expired
/// since the last round is at most a third of what is alive.
const ROWS: u32 = 32;

/// Removes what has expired, as it goes round and round through the table.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// The last row that it went through; none at the start of a round.
    at: Mutex<Option<(String, Vec<u8>)>>,
}

impl Sweep {
    pub(crate) fn run(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let (kind, key) = at.take().unwrap_or_default();
        let mut select = connection.prepare_cached(concat!(
            "select kind, key, expires_at <= ",
            now!(),
            " from sqrl_nut where (kind, key) > (?1, ?2) order by kind, key limit ?3"
        ))?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let rows = select
            .query_map(params![kind, key, ROWS], row)?
            .collect::<rusqlite::Result<Vec<(String, Vec<u8>, bool)>>>()?;
        let mut delete =
            connection.prepare_cached("delete from sqrl_nut where kind = ?1 and key = ?2")?;
        for (kind, key, _) in rows.iter().filter(|(.., expired)| *expired) {
            delete.execute(params![kind, key])?;
        }
        let whole = rows.len() == usize::try_from(ROWS).unwrap_or(usize::MAX);
        *at = rows.into_iter().next_back().filter(|_| whole).map(|(kind, key, _)| (kind, key));
        Ok(())
    }
}
