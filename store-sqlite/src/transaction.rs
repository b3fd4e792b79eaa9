use rusqlite::Connection;

/// Runs `work` in a transaction that has the write lock from the start, and commits it.
///
/// Even a single statement needs it: the commit that comes with such a statement's end can
/// fail unnoticed when the statement also returns rows.
pub(crate) fn run<T>(
    connection: &Connection,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    execute(connection, "begin immediate")?;
    let _rollback = Rollback(connection);
    let done = work()?;
    execute(connection, "commit")?;
    Ok(done)
}

/// Ends a transaction that has not been committed, after a panic too.
struct Rollback<'a>(&'a Connection);

impl Drop for Rollback<'_> {
    fn drop(&mut self) {
        // After a commit there is no transaction, and SQLite rolls some errors back by itself.
        if !self.0.is_autocommit() {
            let _ = execute(self.0, "rollback");
        }
    }
}

/// Prepared once: a sign-in has half a dozen transactions.
fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}
