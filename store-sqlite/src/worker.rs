use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::timeout;
use tower_sqrl_core::StoreError;

use crate::error::store_error;
use crate::pace::Pace;
use crate::readers::Readers;
use crate::transaction;

/// How many calls wait in line at most.
const QUEUE: usize = 1024;
/// How many calls share a transaction at most: so few that the last of them answers within
/// some milliseconds.
const BATCH: usize = 64;
/// How long a call waits for its answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long the thread waits for other connections' writes: less than a call may take in all.
const BUSY_TIMEOUT: Duration = Duration::from_millis(1500);
/// After so many calls the thread empties the write-ahead log, which has some megabytes by
/// then. SQLite by itself would empty it in the middle of a call.
const CHECKPOINT_EVERY: usize = 1000;

/// The way to one database: a connection that writes, a thread, and connections that read
/// where they are asked.
///
/// Writes that wait for the disk run on the thread. Others run on the caller's thread if the
/// connection is free, together with those that have lined up meanwhile; what takes time is
/// left to the thread: waiting for another process's lock, and emptying the write-ahead log.
///
/// The thread ends when this is dropped. The connections that read close first: the last
/// connection to a file takes its write-ahead log with it.
#[derive(Debug)]
pub(crate) struct Worker {
    readers: Readers,
    shared: Arc<Shared>,
}

/// Whose thread writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// The worker's: every write waits for the disk.
    OnTheThread,
    /// The caller's where possible: a write copies some pages into the system's file cache.
    AtOnce,
}

struct Shared {
    /// Gone when the thread is.
    connection: Mutex<Option<Connection>>,
    line: Mutex<Line>,
    /// That the thread has something to do.
    called: Condvar,
    writes: Writes,
    pace: Pace,
}

/// The calls that wait.
#[derive(Default)]
struct Line {
    jobs: Vec<Box<dyn Job>>,
    /// The thread is to serve them.
    called: bool,
    /// Calls that were served since the log was last emptied.
    served: usize,
    /// The handle is gone: the thread serves what waits, and ends.
    closed: bool,
    dead: bool,
}

impl Worker {
    pub(crate) fn start(
        name: &str,
        writer: Connection,
        writes: Writes,
        readers: Readers,
    ) -> io::Result<Self> {
        let waits = if writes == Writes::AtOnce { Duration::ZERO } else { BUSY_TIMEOUT };
        writer.busy_timeout(waits).map_err(io::Error::other)?;
        let shared = Arc::new(Shared {
            connection: Mutex::new(Some(writer)),
            line: Mutex::default(),
            called: Condvar::new(),
            writes,
            pace: Pace::default(),
        });
        let served = Served(Arc::clone(&shared));
        thread::Builder::new().name(format!("sqrl-{name}")).spawn(move || served.0.serve())?;
        Ok(Self { readers, shared })
    }

    /// Reads, at once where that is possible. `read` may run twice.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        mut read: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let found = self.shared.read_at_once(&mut read).or_else(|| self.readers.read(&mut read));
        match found {
            Some(found) => Ok(found),
            None => self.run(false, read).await,
        }
    }

    /// Writes, in a transaction that is committed unless there is an error. It has the write
    /// lock from the start: what it reads stays true until it has written.
    ///
    /// Calls that wait in line share a transaction, and with it a wait for the disk. Each call
    /// answers when the transaction is committed. If anything in it fails, it is rolled back
    /// and each call gets a transaction of its own, so `write` may run several times.
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
        if self.shared.submit(Box::new(Call { writes, work, done: None, reply }))? {
            // Other calls that are about to write join the same transaction.
            yield_now().await;
            self.shared.serve_at_once();
        }
        match timeout(TIMEOUT, answer).await {
            Ok(Ok(result)) => result.map_err(store_error),
            Ok(Err(_)) => Err(StoreError::unavailable("the database's thread died")),
            Err(elapsed) => Err(StoreError::unavailable(elapsed)),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.readers.close();
        self.shared.lock().closed = true;
        self.shared.called.notify_one();
    }
}

/// Notes the thread's end, a panic's too.
struct Served(Arc<Shared>);

impl Drop for Served {
    fn drop(&mut self) {
        let mut line = self.0.lock();
        line.dead = true;
        // Their callers hear that nobody will answer.
        let jobs = std::mem::take(&mut line.jobs);
        drop(line);
        drop(jobs);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a call in line. True if the caller is to serve the line; otherwise the thread is
    /// called.
    fn submit(&self, job: Box<dyn Job>) -> Result<bool, StoreError> {
        let at_once = self.writes == Writes::AtOnce && job.writes() && self.pace.is_good();
        let mut line = self.lock();
        if line.dead {
            return Err(StoreError::unavailable("the database's thread is dead"));
        }
        if line.jobs.len() >= QUEUE {
            return Err(StoreError::unavailable("too many calls wait for the database"));
        }
        line.jobs.push(job);
        if at_once && !line.called {
            return Ok(true);
        }
        self.call(line);
        Ok(false)
    }

    /// Reads over the connection that writes, if nobody uses it: it has in memory what it has
    /// written.
    fn read_at_once<T>(
        &self,
        read: &mut impl FnMut(&Connection) -> rusqlite::Result<T>,
    ) -> Option<T> {
        if self.writes != Writes::AtOnce || !self.pace.is_good() {
            return None;
        }
        let connection = self.connection.try_lock().ok()?;
        let found = self.pace.watch(|| read(connection.as_ref()?).ok());
        drop(connection);
        let line = self.lock();
        if !line.jobs.is_empty() {
            self.call(line);
        }
        found
    }

    /// Has the thread serve the line.
    fn call(&self, mut line: MutexGuard<'_, Line>) {
        line.called = true;
        drop(line);
        self.called.notify_one();
    }

    /// Serves the line on this thread, once, if nobody else does. Whoever holds the connection
    /// looks at the line after letting go of it, so that no call is left behind.
    fn serve_at_once(&self) {
        let line = self.lock();
        if line.jobs.is_empty() || line.called {
            return;
        }
        drop(line);
        let connection = match self.connection.try_lock() {
            Ok(connection) => connection,
            Err(TryLockError::WouldBlock) => return,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        };
        let Some(open) = &*connection else { return };
        let jobs = self.lock().take();
        let left = self.pace.watch(|| at_once(open, jobs));
        drop(connection);
        let mut line = self.lock();
        line.jobs.splice(0..0, left);
        if !line.jobs.is_empty() || line.served >= CHECKPOINT_EVERY {
            self.call(line);
        }
    }

    /// The thread.
    fn serve(&self) {
        loop {
            let line = self.called.wait_while(self.lock(), |line| !line.called && !line.closed);
            let mut line = line.unwrap_or_else(PoisonError::into_inner);
            let ends = line.closed && line.jobs.is_empty();
            line.called = false;
            drop(line);
            let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
            if ends {
                *connection = None;
                return;
            }
            if let Some(open) = &*connection {
                self.serve_in_turn(open);
            }
            drop(connection);
            let line = self.lock();
            if !line.jobs.is_empty() {
                self.call(line);
            }
        }
    }

    fn serve_in_turn(&self, connection: &Connection) {
        // Only here may a call wait for another process.
        let _ = connection.busy_timeout(BUSY_TIMEOUT);
        loop {
            let (jobs, due) = {
                let mut line = self.lock();
                let due = line.served >= CHECKPOINT_EVERY;
                if due {
                    line.served = 0;
                }
                (line.take(), due)
            };
            if due {
                empty_log(connection);
            }
            if jobs.is_empty() {
                break;
            }
            in_turn(connection, jobs);
        }
        if self.writes == Writes::AtOnce {
            let _ = connection.busy_timeout(Duration::ZERO);
        }
    }
}

impl Line {
    /// The next calls whose callers still wait.
    fn take(&mut self) -> Vec<Box<dyn Job>> {
        self.jobs.retain(|job| job.is_wanted());
        let jobs: Vec<_> = self.jobs.drain(..self.jobs.len().min(BATCH)).collect();
        self.served += jobs.len();
        jobs
    }
}

/// Empties the write-ahead log, and begins it anew: the first write after that waits for the
/// disk, so it is one of ours.
///
/// Does not wait for other connections, since calls wait meanwhile: while one of them reads or
/// writes, the log grows until the next time.
fn empty_log(connection: &Connection) {
    let _ = connection.busy_timeout(Duration::ZERO);
    let emptied = connection.query_row("pragma wal_checkpoint(restart)", [], |_| Ok(()));
    let begun = emptied.and_then(|()| {
        transaction::run(connection, || {
            connection.execute("update sqrl_schema set version = version", [])
        })
    });
    drop(begun);
    let _ = connection.busy_timeout(BUSY_TIMEOUT);
}

/// A call that waits in line.
trait Job: Send {
    fn writes(&self) -> bool;

    /// Whether somebody still waits for the answer. A call whose caller has given up must not
    /// hold up others, and is never served later.
    fn is_wanted(&self) -> bool;

    /// Does the work, and returns whether it went well.
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

/// Serves calls in one transaction without waiting for anything; those that this fails for are
/// left.
fn at_once(connection: &Connection, mut jobs: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    // A read among them would see what is not yet committed.
    let may = jobs.iter().all(|job| job.writes());
    if jobs.is_empty() || !may || together(connection, &mut jobs).is_err() {
        return jobs;
    }
    for job in jobs {
        job.answer(None);
    }
    Vec::new()
}

/// Serves calls: the reads, then the writes in one transaction, or, should that fail, each in
/// its own.
fn in_turn(connection: &Connection, jobs: Vec<Box<dyn Job>>) {
    let (mut writes, reads): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| job.writes());
    // First, outside the transaction: what it has not yet committed may never have been.
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
            let failed = transaction::run(connection, || write.run(connection)).err();
            write.answer(failed);
        }
    }
}

fn together(connection: &Connection, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    transaction::run(connection, || jobs.iter_mut().try_for_each(|job| job.run(connection)))
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("writes", &self.writes).finish_non_exhaustive()
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
    use tower_sqrl_core::StoreErrorKind;

    use super::*;

    fn start() -> Worker {
        let connection = Connection::open_in_memory().expect("memory");
        let readers = Readers::new(Vec::new());
        Worker::start("test", connection, Writes::OnTheThread, readers).expect("a thread")
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
        worker.shared.submit(Box::new(call)).expect("a living thread");
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
    fn with_tables(writes: Writes) -> (TempDir, Worker, Connection) {
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
        let readers = Readers::new(Vec::new());
        let worker = Worker::start("test", writer, writes, readers).expect("a thread");
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
        let (_directory, worker, other) = with_tables(Writes::OnTheThread);
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
            let (_directory, worker, other) = with_tables(Writes::OnTheThread);
            let (ran, done) = three_calls(&worker, second).await;
            assert_eq!((ran, done), (2, [true, false, true]), "{second}");
            let rows = "select (select group_concat(n) from one) || ' ' || count(*) from two";
            let rows: String = other.query_row(rows, [], |row| row.get(0)).expect("rows");
            assert_eq!(rows, "1,3 0", "{second}");
        }
    }

    fn insert(n: i64) -> impl FnMut(&Connection) -> rusqlite::Result<thread::ThreadId> + Send {
        move |connection| {
            connection.execute("insert into one values (?1)", params![n])?;
            Ok(thread::current().id())
        }
    }

    fn count(connection: &Connection) -> i64 {
        let rows = connection.query_row("select count(*) from one", [], |row| row.get(0));
        rows.expect("a count")
    }

    /// How long the connection waits for others, in milliseconds, once nobody uses it.
    fn patience(worker: &Worker) -> i64 {
        let connection = worker.shared.connection.lock().expect("no panic");
        let connection = connection.as_ref().expect("a living thread");
        let timeout =
            connection.pragma_query_value(None, "busy_timeout", |row| row.get::<_, i64>(0));
        timeout.expect("a number")
    }

    /// Until the calls that have begun have tried to write at once.
    async fn until_tried() {
        for _ in 0..3 {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_write_at_once_runs_where_it_is_asked() {
        let (_directory, worker, other) = with_tables(Writes::AtOnce);
        assert_eq!(worker.write(insert(1)).await.expect("written"), thread::current().id());
        assert_eq!(count(&other), 1);
        worker.shared.pace.reset();
        worker.write(insert(2)).await.expect_err("the table allows no 2");
        // That was the thread's; when it has let go, callers write again.
        assert_eq!(patience(&worker), 0);
        worker.shared.pace.reset();
        assert_eq!(worker.write(insert(3)).await.expect("written"), thread::current().id());
        assert_eq!(count(&other), 2);
    }

    #[tokio::test]
    async fn another_process_is_waited_for_on_the_thread() {
        let (_directory, worker, other) = with_tables(Writes::AtOnce);
        assert_eq!(patience(&worker), 0, "a caller does not wait");
        other.execute_batch("begin immediate").expect("a lock");
        let (written, ()) = tokio::join!(worker.write(insert(1)), async {
            until_tried().await;
            other.execute_batch("commit").expect("no lock");
        });
        assert_ne!(written.expect("written"), thread::current().id());
        assert_eq!(count(&other), 1);
        assert_eq!(patience(&worker), 0, "nor the next caller");
    }

    #[tokio::test]
    async fn calls_that_begin_together_share_a_transaction() {
        let (_directory, worker, other) = with_tables(Writes::AtOnce);
        let ran = Arc::new(AtomicU32::new(0));
        let first = Arc::clone(&ran);
        let (one, two) = tokio::join!(
            worker.write(move |connection| {
                first.fetch_add(1, Ordering::Relaxed);
                insert(1)(connection)
            }),
            worker.write(insert(2)),
        );
        one.expect("written");
        two.expect_err("the table allows no 2");
        assert_eq!(count(&other), 1);
        // Once together, when the other failed, and then again.
        assert!(ran.load(Ordering::Relaxed) > 1);
    }

    #[tokio::test]
    async fn a_call_that_finds_the_connection_in_use_is_served_with_the_next() {
        let (_directory, worker, other) = with_tables(Writes::AtOnce);
        let in_use = worker.shared.connection.lock().expect("nobody else");
        let calls = async {
            tokio::join!(worker.write(insert(1)), worker.write(insert(2)), async {
                until_tried().await;
                drop(in_use);
                worker.write(insert(3)).await
            })
        };
        let (one, two, three) = calls.await;
        one.expect("written");
        two.expect_err("the table allows no 2");
        three.expect("written");
        assert_eq!(count(&other), 2);
    }

    #[tokio::test]
    async fn the_thread_empties_the_log() {
        let (directory, worker, other) = with_tables(Writes::AtOnce);
        let off = |connection: &Connection| connection.pragma_update(None, "wal_autocheckpoint", 0);
        worker.read(off).await.expect("set");
        let writes = 4 * i64::try_from(CHECKPOINT_EVERY).expect("a few");
        for n in 10..10 + writes {
            worker.write(insert(n)).await.expect("written");
        }
        assert_eq!(count(&other), writes);
        let log = directory.path().join("file-wal").metadata().expect("a log").len();
        // Each has added a page of 4096 bytes at least.
        assert!(log < 4096 * u64::try_from(writes / 2).expect("a few"), "{log}");
    }

    #[test]
    fn emptying_the_log_waits_for_nobody() {
        let (_directory, worker, other) = with_tables(Writes::OnTheThread);
        let connection = worker.shared.connection.lock().expect("no panic").take();
        let mut connection = connection.expect("a living thread");
        for n in 10..20 {
            insert(n)(&connection).expect("written");
        }
        for hold in ["begin; select n from one", "begin immediate"] {
            other.execute_batch(hold).expect("a transaction");
            // Much longer than the test waits.
            connection.busy_timeout(Duration::from_secs(3600)).expect("set");
            let (emptied, empties) = channel();
            thread::spawn(move || {
                empty_log(&connection);
                emptied.send(connection)
            });
            let deadline = Duration::from_secs(30);
            connection = empties.recv_timeout(deadline).expect("no wait for the transaction");
            other.execute_batch("commit").expect("no transaction");
        }
        // Calls on the thread have their patience back.
        let patience = connection.pragma_query_value(None, "busy_timeout", |row| row.get(0));
        assert_eq!(patience, Ok(i64::try_from(BUSY_TIMEOUT.as_millis()).expect("seconds")));
        // With nobody in the way the log begins anew.
        empty_log(&connection);
        insert(20)(&connection).expect("written");
        let pages =
            connection.query_row("pragma wal_checkpoint(passive)", [], |row| row.get::<_, i64>(1));
        assert_eq!(pages, Ok(1));
    }
}
