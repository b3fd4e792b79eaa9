//! Shared connections to one server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::{Instant, timeout};

use crate::cached::{Cached, Generation, Invalidator};
use crate::transport::{Call, Effect, Failure, Transport};

/// `WAIT` blocks a connection until the replicas have answered, so this many take turns.
const WAITING_CONNECTIONS: usize = 8;

/// A connection that has been silent for longer is checked before a call is sent over it. A NAT or a
/// load balancer may have forgotten it: it then drops what is sent, and closes nothing.
const TRUSTED: Duration = Duration::from_secs(5);

/// How many replicas must have a change, and how long the store waits for them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replicas {
    pub(crate) count: u32,
    pub(crate) timeout: Duration,
}

impl Replicas {
    fn command(self) -> Cmd {
        let mut wait = redis::cmd("WAIT");
        // 0 would be no limit.
        wait.arg(self.count).arg(u64::try_from(self.timeout.as_millis()).unwrap_or(1).max(1));
        wait
    }
}

/// The connections to one server.
pub(crate) struct Server {
    shared: Connection,
    /// Connections for changes that wait for replicas; empty if none do.
    waiting: Vec<Connection>,
    next: AtomicUsize,
    wait: Option<Cmd>,
    step: Duration,
}

/// A connection, and when it last received a reply.
struct Connection {
    cached: Cached<MultiplexedConnection>,
    since: Instant,
    /// When it becomes untrusted, in milliseconds from `since`.
    trusted_until: Arc<AtomicU64>,
}

impl Connection {
    fn new<F>(
        connect: impl Fn(Invalidator<MultiplexedConnection>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = RedisResult<MultiplexedConnection>> + Send + 'static,
    {
        let since = Instant::now();
        let trusted_until = Arc::new(AtomicU64::new(0));
        let trusted = Arc::clone(&trusted_until);
        let cached = Cached::new(move |invalidator| {
            let (connecting, trusted) = (connect(invalidator), Arc::clone(&trusted));
            async move {
                let connection = connecting.await?;
                trusted.store(now(since) + millis(TRUSTED), Ordering::Relaxed);
                Ok(connection)
            }
        });
        Self { cached, since, trusted_until }
    }

    /// Returns the connection. Checks it first if it has been silent for long.
    async fn get(
        &self,
        ping_timeout: Duration,
    ) -> RedisResult<(Generation, MultiplexedConnection)> {
        let (generation, mut connection) = self.cached.get().await?;
        if now(self.since) <= self.trusted_until.load(Ordering::Relaxed) {
            return Ok((generation, connection));
        }
        let ping = redis::cmd("PING");
        let works = match timeout(ping_timeout, ping.query_async::<Value>(&mut connection)).await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => is_reply(&error),
            Err(_) => false,
        };
        if works {
            self.trust();
            return Ok((generation, connection));
        }
        tracing::debug!("an idle connection to Redis gives no answer; connecting again");
        self.cached.replace(generation);
        self.cached.get().await
    }

    fn trust(&self) {
        self.trusted_until.store(now(self.since) + millis(TRUSTED), Ordering::Relaxed);
    }

    fn distrust(&self) {
        self.trusted_until.store(0, Ordering::Relaxed);
    }
}

fn now(since: Instant) -> u64 {
    millis(since.elapsed())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Whether the error is a reply of the server.
fn is_reply(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

/// Whether the server has become a replica. Its address, or Sentinel, may lead to another server now.
fn is_replica(error: &RedisError) -> bool {
    use ServerErrorKind::{MasterDown, ReadOnly};

    matches!(error.kind(), ErrorKind::Server(MasterDown | ReadOnly))
}

impl Server {
    /// `step` is the timeout of connecting, and that of each reply.
    pub(crate) fn new<F>(
        replicas: Option<Replicas>,
        step: Duration,
        connect: impl Fn(Invalidator<MultiplexedConnection>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = RedisResult<MultiplexedConnection>> + Send + 'static,
    {
        let waiting = if replicas.is_some() { WAITING_CONNECTIONS } else { 0 };
        Self {
            waiting: (0..waiting).map(|_| Connection::new(connect.clone())).collect(),
            shared: Connection::new(connect),
            next: AtomicUsize::new(0),
            wait: replicas.map(Replicas::command),
            step,
        }
    }

    fn connection(&self, call: &Call) -> &Connection {
        if call.reads || self.waiting.is_empty() {
            return &self.shared;
        }
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        &self.waiting[next % self.waiting.len()]
    }

    /// Sends a call, with `before` ahead of it.
    pub(crate) async fn send_after(
        &self,
        call: &Call,
        before: Option<&Cmd>,
    ) -> Result<Value, Failure> {
        let shared = self.connection(call);
        let (generation, mut connection) =
            shared.get(self.step / 2).await.map_err(Failure::not_sent)?;
        let wait = self.wait.as_ref().filter(|_| !call.reads);
        match call.send(&mut connection, before, wait).await {
            Ok(reply) => {
                shared.trust();
                Ok(reply)
            }
            Err(error) => {
                let is_replica = is_replica(&error);
                if is_reply(&error) {
                    shared.trust();
                }
                let failure = Failure::from(error);
                if is_replica || failure.effect == Effect::Unknown {
                    // The other connections may have the same fault.
                    self.waiting.iter().chain([&self.shared]).for_each(Connection::distrust);
                    shared.cached.replace(generation);
                }
                Err(failure)
            }
        }
    }
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, call: &Call) -> Result<Value, Failure> {
        self.send_after(call, None).await
    }
}
