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
use crate::inline::InlinePolicy;
use crate::job::{Call, Job, run_at_once, run_in_turn, transaction};
use crate::readers::Readers;

/// The most calls in the queue.
const QUEUE: usize = 1024;
/// The most calls that share a transaction: few enough that it takes some milliseconds.
const BATCH: usize = 64;
/// How long a call waits for its answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long the thread waits for other connections' writes. Less than [`TIMEOUT`].
const BUSY_TIMEOUT: Duration = Duration::from_millis(1500);
/// After this many calls the thread empties the write-ahead log, which has some megabytes then. SQLite
/// itself would empty it in the middle of a call.
const CHECKPOINT_EVERY: usize = 1000;

/// The connections to one database: one that writes, a thread for it, and connections that read on the
/// caller's thread.
///
/// Writes that wait for the disk run on the thread. Other writes run on the caller's thread if the
/// connection is free, together with those that have been queued meanwhile. The thread does what takes
/// time: it waits for the locks of other processes, and empties the write-ahead log.
///
/// The thread ends when the worker is dropped. The connections that read close first, because the last
/// connection to a file deletes its write-ahead log.
#[derive(Debug)]
pub(crate) struct Worker {
    readers: Readers,
    shared: Arc<Shared>,
}

/// The thread that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// The worker's thread: every write waits for the disk.
    OnTheThread,
    /// The caller's thread if possible: a write copies some pages into the system's file cache.
    AtOnce,
}

struct Shared {
    /// `None` once the thread has ended.
    connection: Mutex<Option<Connection>>,
    queue: Mutex<Queue>,
    /// Wakes the thread.
    wake: Condvar,
    writes: Writes,
    policy: InlinePolicy,
}

/// The calls that wait.
#[derive(Default)]
struct Queue {
    jobs: Vec<Box<dyn Job>>,
    /// Whether the thread shall run them.
    woken: bool,
    /// Calls since the log was last emptied.
    done: usize,
    /// The worker was dropped: the thread runs what waits, and ends.
    closed: bool,
    /// The thread has ended.
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
            queue: Mutex::default(),
            wake: Condvar::new(),
            writes,
            policy: InlinePolicy::default(),
        });
        let thread = Thread(Arc::clone(&shared));
        thread::Builder::new().name(format!("sqrl-{name}")).spawn(move || thread.0.run())?;
        Ok(Self { readers, shared })
    }

    /// Reads, at once if possible. `read` may run twice.
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

    /// Writes, in a transaction that is committed unless there is an error. The transaction has the write
    /// lock from the start: what `write` reads stays true until it has written.
    ///
    /// Calls in the queue share a transaction, and so share a wait for the disk. Each call gets its answer
    /// after the commit. If anything fails, the transaction is rolled back and each call gets a
    /// transaction of its own, so `write` may run several times.
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
            self.shared.run_at_once();
        }
        match timeout(TIMEOUT, answer).await {
            Ok(Ok(result)) => result.map_err(store_error),
            Ok(Err(_)) => Err(StoreError::unavailable("the database's thread has ended")),
            Err(elapsed) => Err(StoreError::unavailable(elapsed)),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.readers.close();
        self.shared.lock().closed = true;
        self.shared.wake.notify_one();
    }
}

/// Notes the end of the thread, also after a panic.
struct Thread(Arc<Shared>);

impl Drop for Thread {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.dead = true;
        // Dropping them tells their callers.
        let jobs = std::mem::take(&mut queue.jobs);
        drop(queue);
        drop(jobs);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a call into the queue. Returns whether the caller shall run the queue; otherwise the thread is
    /// woken.
    fn submit(&self, job: Box<dyn Job>) -> Result<bool, StoreError> {
        let at_once = self.writes == Writes::AtOnce && job.writes() && self.policy.allows();
        let mut queue = self.lock();
        if queue.dead {
            return Err(StoreError::unavailable("the database's thread has ended"));
        }
        if queue.jobs.len() >= QUEUE {
            return Err(StoreError::unavailable("too many calls wait for the database (1024)"));
        }
        queue.jobs.push(job);
        if at_once && !queue.woken {
            return Ok(true);
        }
        self.wake_thread(queue);
        Ok(false)
    }

    /// Reads over the connection that writes, if it is free: it has its own writes in memory.
    fn read_at_once<T>(
        &self,
        read: &mut impl FnMut(&Connection) -> rusqlite::Result<T>,
    ) -> Option<T> {
        if self.writes != Writes::AtOnce || !self.policy.allows() {
            return None;
        }
        let connection = self.connection.try_lock().ok()?;
        let found = self.policy.measure(|| read(connection.as_ref()?).ok());
        drop(connection);
        let queue = self.lock();
        if !queue.jobs.is_empty() {
            self.wake_thread(queue);
        }
        found
    }

    /// Lets the thread run the queue.
    fn wake_thread(&self, mut queue: MutexGuard<'_, Queue>) {
        queue.woken = true;
        drop(queue);
        self.wake.notify_one();
    }

    /// Runs the queue on this thread, once, if no other thread does. A thread that has used the connection
    /// looks at the queue afterwards, so no call is left behind.
    fn run_at_once(&self) {
        let queue = self.lock();
        if queue.jobs.is_empty() || queue.woken {
            return;
        }
        drop(queue);
        let connection = match self.connection.try_lock() {
            Ok(connection) => connection,
            Err(TryLockError::WouldBlock) => return,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        };
        let Some(open) = &*connection else { return };
        let jobs = self.lock().take();
        let left = self.policy.measure(|| run_at_once(open, jobs));
        drop(connection);
        let mut queue = self.lock();
        queue.jobs.splice(0..0, left);
        if !queue.jobs.is_empty() || queue.done >= CHECKPOINT_EVERY {
            self.wake_thread(queue);
        }
    }

    /// The loop of the thread.
    fn run(&self) {
        loop {
            let queue = self.wake.wait_while(self.lock(), |queue| !queue.woken && !queue.closed);
            let mut queue = queue.unwrap_or_else(PoisonError::into_inner);
            let ends = queue.closed && queue.jobs.is_empty();
            queue.woken = false;
            drop(queue);
            let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
            if ends {
                *connection = None;
                return;
            }
            if let Some(open) = &*connection {
                self.run_in_turn(open);
            }
            drop(connection);
            let queue = self.lock();
            if !queue.jobs.is_empty() {
                self.wake_thread(queue);
            }
        }
    }

    fn run_in_turn(&self, connection: &Connection) {
        // Calls wait for other processes only here.
        let _ = connection.busy_timeout(BUSY_TIMEOUT);
        loop {
            let (jobs, due) = {
                let mut queue = self.lock();
                let due = queue.done >= CHECKPOINT_EVERY;
                if due {
                    queue.done = 0;
                }
                (queue.take(), due)
            };
            if due {
                empty_log(connection);
            }
            if jobs.is_empty() {
                break;
            }
            run_in_turn(connection, jobs);
        }
        if self.writes == Writes::AtOnce {
            let _ = connection.busy_timeout(Duration::ZERO);
        }
    }
}

impl Queue {
    /// The next calls whose callers still wait.
    fn take(&mut self) -> Vec<Box<dyn Job>> {
        self.jobs.retain(|job| job.is_wanted());
        let jobs: Vec<_> = self.jobs.drain(..self.jobs.len().min(BATCH)).collect();
        self.done += jobs.len();
        jobs
    }
}

/// Empties the write-ahead log and starts it again with a write: the first write waits for the disk, so
/// no call has to.
///
/// Does not wait for other connections, because calls wait meanwhile. While another connection reads or
/// writes, the log grows until the next time.
fn empty_log(connection: &Connection) {
    let _ = connection.busy_timeout(Duration::ZERO);
    let emptied = connection.query_row("pragma wal_checkpoint(restart)", [], |_| Ok(()));
    let begun = emptied.and_then(|()| {
        transaction(connection, || {
            connection.execute("update sqrl_schema set version = version", [])
        })
    });
    drop(begun);
    let _ = connection.busy_timeout(BUSY_TIMEOUT);
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("writes", &self.writes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
