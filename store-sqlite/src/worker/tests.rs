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
    let timeout = connection.pragma_query_value(None, "busy_timeout", |row| row.get::<_, i64>(0));
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
    worker.shared.policy.reset();
    worker.write(insert(2)).await.expect_err("the table allows no 2");
    // That was the thread's; when it has let go, callers write again.
    assert_eq!(patience(&worker), 0);
    worker.shared.policy.reset();
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
