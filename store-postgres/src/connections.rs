//! One call: a connection, a statement, its answer, and what becomes of the connection.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object, Pool};
use futures_util::TryStreamExt as _;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};

use crate::cancel::Cancel;
use crate::error::CallError;
use crate::shared::SharedSlot;

/// How often a call is tried that the server undid in favour of others.
const TRIES: u32 = 4;

/// A parameter of a statement, and its type: the server is not asked for it.
pub(crate) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// What a statement came to.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What it returned.
    pub(crate) rows: Vec<Row>,
    /// How many rows it returned or wrote.
    pub(crate) affected: u64,
}

/// The connections of a pool, and how they are used.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) pool: Pool,
    pub(crate) cancel: Arc<Cancel>,
    pub(crate) timeout: Duration,
    pub(crate) max_idle: Duration,
    pub(crate) prepared: bool,
    /// The connection that looks share.
    shared: Arc<SharedSlot>,
    /// When idle connections were last looked at, in milliseconds since `began`.
    reaped: Arc<AtomicU64>,
    began: Instant,
}

impl Connections {
    pub(crate) fn new(pool: Pool, cancel: Arc<Cancel>) -> Self {
        Self {
            pool,
            cancel,
            timeout: Duration::from_secs(2),
            max_idle: Duration::from_secs(60),
            prepared: false,
            shared: Arc::default(),
            reaped: Arc::default(),
            began: Instant::now(),
        }
    }

    /// Runs a statement that writes. It is run again only where the server has said that it
    /// wrote nothing.
    pub(crate) async fn write(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Answer, CallError> {
        let deadline = Instant::now() + self.timeout;
        let mut tries = 1;
        loop {
            let error = match self.write_once(statement, parameters, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let again = (error.is_read_only() && tries == 1) || error.is_undone();
            if !again || tries == TRIES {
                return Err(error);
            }
            tries += 1;
        }
    }

    async fn write_once(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
        deadline: Instant,
    ) -> Result<Answer, CallError> {
        let client = self.checkout(deadline).await?;
        let sent = std::time::Instant::now();
        match timeout_at(deadline, self.send(&client, statement, parameters)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                let error = CallError::from(error);
                if error.condemns_connection() {
                    drop(Object::take(client));
                    self.discard_idle(sent);
                }
                Err(error)
            }
            Err(_) => {
                self.give_up(client);
                self.discard_idle(sent);
                Err(CallError::Timeout)
            }
        }
    }

    /// Runs a statement that changes nothing. Where its connection gives no answer, or one
    /// that another server would not give, it is run once more on a new one.
    ///
    /// Looks that are under way at the same time share a connection, one behind the other:
    /// none of them waits for anything but the server.
    pub(crate) async fn look(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, CallError> {
        let deadline = Instant::now() + self.timeout;
        let mut on_new_connection = false;
        let mut tries = 1;
        loop {
            let last = on_new_connection;
            let error = match self.look_once(statement, parameters, deadline, last).await {
                Ok(answer) => return Ok(answer.rows),
                Err(error) => error,
            };
            let condemned = error.condemns_connection();
            let again = (condemned && !on_new_connection) || error.is_undone();
            if !again || tries == TRIES {
                return Err(error);
            }
            on_new_connection |= condemned;
            tries += 1;
        }
    }

    async fn look_once(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
        deadline: Instant,
        last: bool,
    ) -> Result<Answer, CallError> {
        // Where somebody waits for a connection, a look waits behind him: looks that always join
        // would never give theirs back. The last try takes a connection of its own, since the shared
        // one may be as dead as the one before.
        let may_join = !last && self.pool.status().waiting == 0;
        let shared = if may_join { self.shared.join() } else { None };
        let client = match shared {
            Some(client) => client,
            None => self.shared.lend(self.checkout(deadline).await?),
        };
        let sent = std::time::Instant::now();
        let left = deadline.saturating_duration_since(Instant::now());
        let patience = if last { left } else { left / 2 };
        let error = match timeout(patience, self.send(&client, statement, parameters)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => CallError::from(error),
            Err(_) => CallError::Timeout,
        };
        if error.condemns_connection() {
            client.condemn();
            self.discard_idle(sent);
        }
        Err(error)
    }

    async fn checkout(&self, deadline: Instant) -> Result<Object, CallError> {
        self.reap();
        Ok(timeout_at(deadline, self.pool.get()).await.map_err(|_| CallError::Timeout)??)
    }

    /// The one place that talks to a connection of the pool once a store is open. It leaves
    /// nothing behind there: an unnamed statement is gone with the next, and each is a
    /// transaction of its own.
    async fn send(
        &self,
        client: &ClientWrapper,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Answer, Error> {
        let answer = if self.prepared {
            let types: Vec<Type> = parameters.iter().map(|(_, type_)| type_.clone()).collect();
            let statement = client.prepare_typed_cached(statement, &types).await?;
            client.query_raw(&statement, parameters.iter().map(|&(value, _)| value)).await?
        } else {
            client.query_typed_raw(statement, parameters.iter().cloned()).await?
        };
        let mut answer = pin!(answer);
        let mut rows = Vec::new();
        while let Some(row) = answer.try_next().await? {
            rows.push(row);
        }
        Ok(Answer { rows, affected: answer.rows_affected().unwrap_or_default() })
    }

    /// Closes the connection of a write that gave no answer, and asks the server to cancel it:
    /// a write that waits for a lock would otherwise be done when nobody expects it any more.
    fn give_up(&self, client: Object) {
        let client = Object::take(client);
        let cancelled = (self.cancel)(client.cancel_token());
        let patience = self.timeout;
        tokio::spawn(async move {
            // A pooler passes the request on only while the connection is open.
            let _ = timeout(patience, cancelled).await;
            drop(client);
        });
    }

    /// Closes the idle connections that were made before this call failed: they are likely to
    /// be no better.
    fn discard_idle(&self, sent: std::time::Instant) {
        let _ = self.pool.retain(|_, metrics| metrics.created > sent);
    }

    /// Closes what has been idle for too long, now and then.
    fn reap(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let every = u64::try_from(self.max_idle.as_millis() / 4).unwrap_or(u64::MAX);
        let last = self.reaped.load(Ordering::Relaxed);
        if now - last.min(now) >= every {
            self.reaped.store(now, Ordering::Relaxed);
            let _ = self.pool.retain(|_, metrics| metrics.last_used() < self.max_idle);
        }
    }
}
