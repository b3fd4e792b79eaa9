//! The way to one server over connections that everybody shares.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};

use crate::call::{Call, Effect, Failure};
use crate::link::Link;
use crate::renewed::{Ended, Fate, Renewed};

/// `WAIT` holds up a connection until the replicas have answered; so many take turns.
const LANES_TO_WAIT: usize = 8;

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
    shared: Renewed<MultiplexedConnection>,
    /// For changes, each of which waits for replicas; or none.
    waiting: Vec<Renewed<MultiplexedConnection>>,
    next: AtomicUsize,
    wait: Option<Cmd>,
}

impl Lanes {
    pub(crate) fn new<F>(
        replicas: Option<Replicas>,
        connect: impl Fn(Ended<MultiplexedConnection>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = RedisResult<MultiplexedConnection>> + Send + 'static,
    {
        let lanes = if replicas.is_some() { LANES_TO_WAIT } else { 0 };
        Self {
            waiting: (0..lanes).map(|_| Renewed::new(connect.clone())).collect(),
            shared: Renewed::new(connect),
            next: AtomicUsize::new(0),
            wait: replicas.map(Replicas::command),
        }
    }

    fn lane(&self, call: &Call) -> &Renewed<MultiplexedConnection> {
        if call.look || self.waiting.is_empty() {
            return &self.shared;
        }
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        &self.waiting[next % self.waiting.len()]
    }

    /// Sends a call, `before` ahead of it.
    pub(crate) async fn send(&self, call: &Call, before: Option<&Cmd>) -> Result<Value, Failure> {
        let lane = self.lane(call);
        let (generation, mut connection) = lane.get().await.map_err(Failure::not_sent)?;
        let wait = self.wait.as_ref().filter(|_| !call.look);
        match call.send(&mut connection, before, wait).await {
            Ok(reply) => Ok(reply),
            Err(error) => {
                let elsewhere = is_read_only(&error);
                let failure = Failure::from(error);
                if elsewhere || failure.effect == Effect::Unknown {
                    lane.failed(generation, Fate::Dead);
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
