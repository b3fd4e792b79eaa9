use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower_sqrl::store::StoreError;

use crate::error::store_error;
use crate::readers::Readers;
use crate::transaction;

/// How many calls wait in line at most.
const QUEUE: usize = 1024;
/// How many writes share a transaction at most: so few that the last of them answers within
/// some milliseconds.
const BATCH: usize = 64;
/// How long a call waits for its answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The way to one database: a connection that writes, on a thread of its own, and connections
/// that read where they are asked.
///
/// The thread ends when this is dropped. The connections that read close first: the last
/// connection to a file takes its write-ahead log with it.
#[derive(Debug)]
pub(crate) struct Worker {
    readers: Readers,
    jobs: SyncSender<Box<dyn Job>>,
}

impl Worker {
    pub(crate) fn start(name: &str, writer: Connection, readers: Readers) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUE);
        let thread = thread::Builder::new().name(format!("sqrl-{name}"));
        thread.spawn(move || serve(&writer, &queue))?;
        Ok(Self { readers, jobs })
    }

    /// Reads, at once where that is possible. `read` may run twice.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        mut read: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.readers.read(&mut read) {
            Some(found) => Ok(found),
            None => self.run(false, read).await,
        }
    }

    /// Writes, in a transaction that is committed unless there is an error. It has the write
    /// lock from the start: what it reads stays true until it has written.
    ///
    /// Calls that wait in line share a transaction, and with it a wait for the disk. Each call
    /// answers when the transaction is committed. If anything in it fails, it is rolled back
    /// and each call gets a transaction of its own, so `write` may run twice.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        write: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(true, write).await
    }

    async fn run<T: Send + 'static>(
        &self,
        writes: bool,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let call = Call { writes, work, done: None, reply };
        self.jobs.try_send(Box::new(call)).map_err(|refused| {
            StoreError::unavailable(match refused {
                TrySendError::Full(_) => "too many calls wait for the database",
                TrySendError::Disconnected(_) => "the database's thread is dead",
            })
        })?;
        match timeout(TIMEOUT, answer).await {
            Ok(Ok(result)) => result.map_err(store_error),
            Ok(Err(_)) => Err(StoreError::unavailable("the database's thread died")),
            Err(elapsed) => Err(StoreError::unavailable(elapsed)),
        }
    }
}

/// A call that waits in line.
trait Job: Send {
    fn writes(&self) -> bool;

    /// Whether somebody still waits for the answer. A call whose caller has given up must not
    /// hold up others, and is never served later.
    fn is_wanted(&self) -> bool;

    /// Does the work, and says whether it went well.
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;

    /// Answers: with what the work came to, or with the error that undid it.
    fn answer(self: Box<Self>, undone: Option<rusqlite::Error>);
}

struct Call<T, W> {
    writes: bool,
    work: W,
    done: Option<T>,
    reply: oneshot::Sender<rusqlite::Result<T>>,
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
        // Giving up meanwhile is the caller's right.
        let _ = self.reply.send(answer);
    }
}

fn serve(connection: &Connection, queue: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = queue.recv() {
        let line = std::iter::once(first).chain(queue.try_iter()).take(BATCH);
        let (writes, reads): (Vec<_>, Vec<_>) =
            line.filter(|job| job.is_wanted()).partition(|job| job.writes());
        // First, outside the transaction: what it has not yet committed may never have been.
        for mut read in reads {
            let failed = read.run(connection).err();
            read.answer(failed);
        }
        write(connection, writes);
    }
}

/// Writes in one transaction, or, should that fail, each in its own.
fn write(connection: &Connection, mut jobs: Vec<Box<dyn Job>>) {
    if let [_, _, ..] = &*jobs
        && transaction::run(connection, || jobs.iter_mut().try_for_each(|job| job.run(connection)))
            .is_ok()
    {
        for job in jobs {
            job.answer(None);
        }
        return;
    }
    for mut job in jobs {
        if job.is_wanted() {
            let failed = transaction::run(connection, || job.run(connection)).err();
            job.answer(failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::sync::mpsc::{Sender, channel};
    use std::task::{Context, Poll, Waker};

    use rusqlite::params;
    use tempfile::TempDir;
    use tower_sqrl::store::StoreErrorKind;

    use super::*;

    fn start() -> Worker {
        let connection = Connection::open_in_memory().expect("memory");
        Worker::start("test", connection, Readers::new(Vec::new())).expect("a thread")
    }

    /// Occupies the thread until the sender is used or dropped.
    fn occupy(worker: &Worker) -> (Sender<()>, oneshot::Receiver<rusqlite::Result<()>>) {
        let (release, released) = channel();
        let (begins, begun) = channel();
        let (reply, answer) = oneshot::channel();
        let work = move |_: &Connection| {
            begins.send(()).expect("a test that waits");
            released.recv().unwrap_or(());
            Ok(())
        };
        let call = Call { writes: false, work, done: None, reply };
        worker.jobs.send(Box::new(call)).expect("a living thread");
        begun.recv().expect("a living thread");
        (release, answer)
    }

    /// Sends the call off without waiting for its answer.
    fn poll_once(call: impl Future<Output = Result<(), StoreError>>) -> Poll<StoreErrorKind> {
        let polled = pin!(call).poll(&mut Context::from_waker(Waker::noop()));
        polled.map(|result| result.expect_err("nothing is done at once").kind())
    }

    #[tokio::test]
    async fn a_full_line_is_unavailable() {
        let worker = start();
        let (release, _answer) = occupy(&worker);
        let sent = (0..=QUEUE).take_while(|_| poll_once(worker.read(|_| Ok(()))).is_pending());
        assert_eq!(sent.count(), QUEUE);
        assert_eq!(poll_once(worker.read(|_| Ok(()))), Poll::Ready(StoreErrorKind::Unavailable));
        drop(release);
        while worker.read(|_| Ok(())).await.is_err() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_not_served_later() {
        let worker = start();
        let (release, _answer) = occupy(&worker);
        let served = Arc::new(AtomicBool::new(false));
        let serve = Arc::clone(&served);
        let call = worker.write(move |_| {
            serve.store(true, Ordering::Relaxed);
            Ok(())
        });
        let error = call.await.expect_err("the thread is busy");
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        tokio::time::resume();
        drop(release);
        worker.read(|_| Ok(())).await.expect("a living thread");
        assert!(!served.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_dead_thread_is_unavailable() {
        let worker = start();
        for die in [true, false] {
            let call = worker.read(move |_| {
                assert!(!die, "for the test");
                Ok(())
            });
            let error = call.await.expect_err("nobody is there");
            assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        }
    }

    /// A file whose rows refer to each other, as an application's may refer to the stores'.
    fn with_tables() -> (TempDir, Worker, Connection) {
        let directory = tempfile::tempdir().expect("a directory");
        let open = || Connection::open(directory.path().join("file")).expect("a file");
        let (writer, other) = (open(), open());
        writer
            .execute_batch(
                "pragma journal_mode = wal;
                 pragma synchronous = off;
                 pragma foreign_keys = on;
                 create table one (n integer primary key check (n <> 2));
                 create table two (n integer references one deferrable initially deferred);",
            )
            .expect("two tables");
        let worker = Worker::start("test", writer, Readers::new(Vec::new())).expect("a thread");
        (directory, worker, other)
    }

    /// Three calls that wait in line together, the second of which runs this statement, and how
    /// often the first one ran.
    async fn three_calls(worker: &Worker, second: &'static str) -> (u32, [bool; 3]) {
        let ran = Arc::new(AtomicU32::new(0));
        let first = Arc::clone(&ran);
        let insert = |connection: &Connection, n: i64| {
            connection.execute("insert into one values (?1)", params![n])
        };
        let (release, _answer) = occupy(worker);
        let calls = async {
            tokio::join!(
                worker.write(move |connection| {
                    first.fetch_add(1, Ordering::Relaxed);
                    insert(connection, 1)
                }),
                worker.write(move |connection| connection.execute(second, [])),
                worker.write(move |connection| insert(connection, 3)),
                async { drop(release) },
            )
        };
        let (one, two, three, ()) = calls.await;
        (ran.load(Ordering::Relaxed), [one.is_ok(), two.is_ok(), three.is_ok()])
    }

    #[tokio::test]
    async fn calls_that_wait_together_share_a_transaction() {
        let (_directory, worker, other) = with_tables();
        let commits = || other.query_row("pragma data_version", [], |row| row.get::<_, i64>(0));
        let before = commits().expect("a number");
        let (ran, done) = three_calls(&worker, "insert into one values (4)").await;
        assert_eq!((ran, done), (1, [true; 3]));
        assert_ne!(commits().expect("a number"), before);
        let rows = "select group_concat(n) from (select n from one order by n)";
        let rows: String = other.query_row(rows, [], |row| row.get(0)).expect("rows");
        assert_eq!(rows, "1,3,4");
    }

    #[tokio::test]
    async fn a_call_that_fails_undoes_no_other() {
        // A statement that fails, a commit that fails, and a transaction that is gone.
        for second in [
            "insert into one values (2)",
            "insert into two values (2)",
            "insert or rollback into one values (2)",
        ] {
            let (_directory, worker, other) = with_tables();
            let (ran, done) = three_calls(&worker, second).await;
            assert_eq!((ran, done), (2, [true, false, true]), "{second}");
            let rows = "select (select group_concat(n) from one) || ' ' || count(*) from two";
            let rows: String = other.query_row(rows, [], |row| row.get(0)).expect("rows");
            assert_eq!(rows, "1,3 0", "{second}");
        }
    }
}
