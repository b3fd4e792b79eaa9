use std::io;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower_sqrl::store::StoreError;

use crate::error::store_error;

/// How many calls wait in line at most.
const QUEUE: usize = 1024;
/// How long a call waits for its answer.
const TIMEOUT: Duration = Duration::from_secs(2);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A connection on a thread of its own, which ends when the last handle is gone.
#[derive(Debug)]
pub(crate) struct Worker {
    jobs: SyncSender<Job>,
}

impl Worker {
    pub(crate) fn start(name: &str, mut connection: Connection) -> io::Result<Self> {
        let (jobs, queue) = sync_channel::<Job>(QUEUE);
        thread::Builder::new().name(format!("sqrl-{name}")).spawn(move || {
            for job in queue {
                job(&mut connection);
            }
        })?;
        Ok(Self { jobs })
    }

    /// Reads.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(|connection| read(connection)).await
    }

    /// Writes, in a transaction that is committed unless there is an error. It has the
    /// write lock from the start: what it reads stays true until it has written.
    ///
    /// Even a single statement needs it: the commit that comes with such a statement's
    /// end can fail unnoticed when the statement also returns rows.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(|connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let written = write(&transaction)?;
            transaction.commit()?;
            Ok(written)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |connection: &mut Connection| {
            // Whoever has given up must not hold up those who still wait.
            if !reply.is_closed() {
                // Giving up meanwhile is the caller's right.
                let _ = reply.send(work(connection));
            }
        });
        self.jobs.try_send(job).map_err(|refused| {
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

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::{Sender, channel};
    use std::task::{Context, Poll, Waker};

    use tower_sqrl::store::StoreErrorKind;

    use super::*;

    fn start() -> Worker {
        let connection = Connection::open_in_memory().expect("memory");
        Worker::start("test", connection).expect("a thread")
    }

    /// Occupies the thread until the sender is used or dropped.
    fn occupy(worker: &Worker) -> Sender<()> {
        let (release, released) = channel();
        let job = move |_: &mut Connection| released.recv().unwrap_or(());
        worker.jobs.send(Box::new(job)).expect("a living thread");
        release
    }

    /// Sends the call off without waiting for its answer.
    fn poll_once(call: impl Future<Output = Result<(), StoreError>>) -> Poll<StoreErrorKind> {
        let polled = pin!(call).poll(&mut Context::from_waker(Waker::noop()));
        polled.map(|result| result.expect_err("nothing is done at once").kind())
    }

    #[tokio::test]
    async fn a_full_line_is_unavailable() {
        let worker = start();
        let release = occupy(&worker);
        // The thread may or may not have taken the first job out of the line.
        let sent = (0..=QUEUE).take_while(|_| poll_once(worker.read(|_| Ok(()))).is_pending());
        assert!(sent.count() >= QUEUE - 1);
        assert_eq!(poll_once(worker.read(|_| Ok(()))), Poll::Ready(StoreErrorKind::Unavailable));
        drop(release);
        while worker.read(|_| Ok(())).await.is_err() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_not_served_later() {
        let worker = start();
        let release = occupy(&worker);
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
}
