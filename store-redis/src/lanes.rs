//! The way to one server over connections that everybody shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::{Instant, timeout};

use crate::call::{Call, Effect, Failure};
use crate::link::Link;
use crate::renewed::{Ended, Generation, Renewed, Verdict};

/// `WAIT` holds up a connection until the replicas have answered; so many take turns.
const LANES_TO_WAIT: usize = 8;

/// A connection that has been silent for longer is asked whether it still works before a call
/// is sent over it. A NAT or a load balancer may have forgotten it: it throws away what is
/// sent and closes nothing.
const TRUSTED: Duration = Duration::from_secs(5);

/// How many replicas have to have a change, and how long they are waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replicas {
    pub(crate) count: u32,
    pub(crate) timeout: Duration,
}

impl Replicas {
    fn command(self) -> Cmd {
        let mut wait = redis::cmd("WAIT");
        // 0 would be for ever.
        wait.arg(self.count).arg(u64::try_from(self.timeout.as_millis()).unwrap_or(1).max(1));
        wait
    }
}

/// Connections to one server.
pub(crate) struct Lanes {
    shared: Lane,
    /// For changes, each of which waits for replicas; or none.
    waiting: Vec<Lane>,
    next: AtomicUsize,
    wait: Option<Cmd>,
    step: Duration,
}

/// A connection, and when it was last heard.
struct Lane {
    connection: Renewed<MultiplexedConnection>,
    since: Instant,
    /// In milliseconds from `since`, with [`TRUSTED`] added; zero for one that is in doubt.
    trusted_until: Arc<AtomicU64>,
}

impl Lane {
    fn new<F>(connect: impl Fn(Ended<MultiplexedConnection>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = RedisResult<MultiplexedConnection>> + Send + 'static,
    {
        let since = Instant::now();
        let trusted_until = Arc::new(AtomicU64::new(0));
        let trusted = Arc::clone(&trusted_until);
        let connection = Renewed::new(move |ended| {
            let (connecting, trusted) = (connect(ended), Arc::clone(&trusted));
            async move {
                let connection = connecting.await?;
                trusted.store(now(since) + millis(TRUSTED), Ordering::Relaxed);
                Ok(connection)
            }
        });
        Self { connection, since, trusted_until }
    }

    /// The connection, once it is known to work if it has been silent for long.
    async fn get(&self, patience: Duration) -> RedisResult<(Generation, MultiplexedConnection)> {
        let (generation, mut connection) = self.connection.get().await?;
        if now(self.since) <= self.trusted_until.load(Ordering::Relaxed) {
            return Ok((generation, connection));
        }
        let ping = redis::cmd("PING");
        let works = match timeout(patience, ping.query_async::<Value>(&mut connection)).await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => is_answer(&error),
            Err(_) => false,
        };
        if works {
            self.heard();
            return Ok((generation, connection));
        }
        tracing::debug!("a connection to Redis has fallen silent; connecting again");
        self.connection.failed(generation, Verdict::Dead);
        self.connection.get().await
    }

    fn heard(&self) {
        self.trusted_until.store(now(self.since) + millis(TRUSTED), Ordering::Relaxed);
    }

    fn doubt(&self) {
        self.trusted_until.store(0, Ordering::Relaxed);
    }
}

fn now(since: Instant) -> u64 {
    millis(since.elapsed())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Whether the server has said it.
fn is_answer(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

impl Lanes {
    /// Connecting, and each reply, are given `step`.
    pub(crate) fn new<F>(
        replicas: Option<Replicas>,
        step: Duration,
        connect: impl Fn(Ended<MultiplexedConnection>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = RedisResult<MultiplexedConnection>> + Send + 'static,
    {
        let lanes = if replicas.is_some() { LANES_TO_WAIT } else { 0 };
        Self {
            waiting: (0..lanes).map(|_| Lane::new(connect.clone())).collect(),
            shared: Lane::new(connect),
            next: AtomicUsize::new(0),
            wait: replicas.map(Replicas::command),
            step,
        }
    }

    fn lane(&self, call: &Call) -> &Lane {
        if call.look || self.waiting.is_empty() {
            return &self.shared;
        }
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        &self.waiting[next % self.waiting.len()]
    }

    /// Sends a call, `before` ahead of it.
    pub(crate) async fn send(&self, call: &Call, before: Option<&Cmd>) -> Result<Value, Failure> {
        let lane = self.lane(call);
        let (generation, mut connection) =
            lane.get(self.step / 2).await.map_err(Failure::not_sent)?;
        let wait = self.wait.as_ref().filter(|_| !call.look);
        match call.send(&mut connection, before, wait).await {
            Ok(reply) => {
                lane.heard();
                Ok(reply)
            }
            Err(error) => {
                let elsewhere = is_read_only(&error);
                if is_answer(&error) {
                    lane.heard();
                }
                let failure = Failure::from(error);
                if elsewhere || failure.effect == Effect::Unknown {
                    // What has befallen one connection may have befallen the others.
                    self.waiting.iter().chain([&self.shared]).for_each(Lane::doubt);
                    lane.connection.failed(generation, Verdict::Dead);
                }
                Err(failure)
            }
        }
    }
}

/// The server has become a replica: the address, or Sentinel, may lead to another by now.
fn is_read_only(error: &RedisError) -> bool {
    use ServerErrorKind::{MasterDown, ReadOnly};

    matches!(error.kind(), ErrorKind::Server(MasterDown | ReadOnly))
}

#[async_trait]
impl Link for Lanes {
    async fn send(&self, call: &Call) -> Result<Value, Failure> {
        Lanes::send(self, call, None).await
    }
}
