//! The calls of a worker, and the transactions that they run in.

use rusqlite::Connection;
use tokio::sync::oneshot;

/// A call in the queue.
pub(crate) trait Job: Send {
    fn writes(&self) -> bool;

    /// Whether the caller still waits for the answer. A call whose caller has given up must not delay
    /// others, and must never run later.
    fn is_wanted(&self) -> bool;

    /// Does the work.
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;

    /// Answers with the result of the work, or with the error that undid it.
    fn answer(self: Box<Self>, undone: Option<rusqlite::Error>);
}

pub(crate) struct Call<T, W> {
    pub(crate) writes: bool,
    pub(crate) work: W,
    pub(crate) done: Option<T>,
    pub(crate) reply: oneshot::Sender<rusqlite::Result<T>>,
}

impl<T, W> Job for Call<T, W>
where
    T: Send,
    W: FnMut(&Connection) -> rusqlite::Result<T> + Send,
{
    fn writes(&self) -> bool {
        self.writes
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.done = Some((self.work)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, undone: Option<rusqlite::Error>) {
        let answer = match (undone, self.done) {
            (Some(error), _) => Err(error),
            (None, Some(done)) => Ok(done),
            (None, None) => return,
        };
        // The caller may have given up.
        let _ = self.reply.send(answer);
    }
}

/// Runs calls in one transaction, without waiting for anything. Returns those that it could not run.
pub(crate) fn run_at_once(
    connection: &Connection,
    mut jobs: Vec<Box<dyn Job>>,
) -> Vec<Box<dyn Job>> {
    // A read among them would see uncommitted writes.
    let may = jobs.iter().all(|job| job.writes());
    if jobs.is_empty() || !may || together(connection, &mut jobs).is_err() {
        return jobs;
    }
    for job in jobs {
        job.answer(None);
    }
    Vec::new()
}

/// Runs calls: the reads, and then the writes in one transaction. If that fails, each write gets a
/// transaction of its own.
pub(crate) fn run_in_turn(connection: &Connection, jobs: Vec<Box<dyn Job>>) {
    let (mut writes, reads): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| job.writes());
    // First, outside the transaction, so that they see no uncommitted writes.
    for mut read in reads {
        let failed = read.run(connection).err();
        read.answer(failed);
    }
    if writes.len() > 1 && together(connection, &mut writes).is_ok() {
        for write in writes {
            write.answer(None);
        }
        return;
    }
    for mut write in writes {
        if write.is_wanted() {
            let failed = transaction(connection, || write.run(connection)).err();
            write.answer(failed);
        }
    }
}

fn together(connection: &Connection, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    transaction(connection, || jobs.iter_mut().try_for_each(|job| job.run(connection)))
}

/// Runs `work` in a transaction that has the write lock from the start, and commits it.
///
/// Even a single statement needs it: if the statement returns rows, its implicit commit can fail
/// unnoticed.
pub(crate) fn transaction<T>(
    connection: &Connection,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    execute(connection, "begin immediate")?;
    let _rollback = Rollback(connection);
    let done = work()?;
    execute(connection, "commit")?;
    Ok(done)
}

/// Rolls back a transaction that has not been committed, also after a panic.
struct Rollback<'a>(&'a Connection);

impl Drop for Rollback<'_> {
    fn drop(&mut self) {
        // After a commit there is none, and SQLite rolls back by itself after some errors.
        if !self.0.is_autocommit() {
            let _ = execute(self.0, "rollback");
        }
    }
}

/// Executes a prepared statement: a sign-in has half a dozen transactions.
fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}
