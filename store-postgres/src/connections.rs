//! Calls: they take a connection, run a statement, and return or discard the connection.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object, Pool};
use futures_util::TryStreamExt as _;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CancelToken, Error, Row, Socket};

use crate::error::CallError;
use crate::shared::SharedSlot;

/// The most attempts of a call that the server rolls back.
const TRIES: u32 = 4;

/// A parameter of a statement, and its type, so that the server is not asked for it.
pub(crate) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// The result of a statement.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The rows that it returned.
    pub(crate) rows: Vec<Row>,
    /// The number of rows that it returned or wrote.
    pub(crate) affected: u64,
}

/// The connections of a pool.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) pool: Pool,
    pub(crate) cancel: Arc<Cancel>,
    pub(crate) timeout: Duration,
    pub(crate) max_idle: Duration,
    pub(crate) prepared: bool,
    /// The connection that reads share.
    shared: Arc<SharedSlot>,
    /// When idle connections were last closed, in milliseconds since `began`.
    closed_idle: Arc<AtomicU64>,
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
            closed_idle: Arc::default(),
            began: Instant::now(),
        }
    }

    /// Runs a statement that writes. Repeats it only if the server replies that it wrote nothing.
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
            let again = (error.is_read_only() && tries == 1) || error.is_rolled_back();
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
                if error.discards_connection() {
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

    /// Runs a statement that changes nothing. If its connection gives no answer, or an answer that another
    /// server would not give, repeats it once on a new connection.
    ///
    /// Concurrent reads share a connection, one behind the other. None of them waits for anything but the
    /// server.
    pub(crate) async fn read(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, CallError> {
        let deadline = Instant::now() + self.timeout;
        let mut on_new_connection = false;
        let mut tries = 1;
        loop {
            let last = on_new_connection;
            let error = match self.read_once(statement, parameters, deadline, last).await {
                Ok(answer) => return Ok(answer.rows),
                Err(error) => error,
            };
            let discarded = error.discards_connection();
            let again = (discarded && !on_new_connection) || error.is_rolled_back();
            if !again || tries == TRIES {
                return Err(error);
            }
            on_new_connection |= discarded;
            tries += 1;
        }
    }

    async fn read_once(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
        deadline: Instant,
        last: bool,
    ) -> Result<Answer, CallError> {
        // If a call waits for a connection, a read waits behind it: if reads always joined, they would
        // never return theirs. The last attempt takes a connection of its own, because the shared one
        // may be dead as well.
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
        if error.discards_connection() {
            client.discard();
            self.discard_idle(sent);
        }
        Err(error)
    }

    async fn checkout(&self, deadline: Instant) -> Result<Object, CallError> {
        self.close_idle();
        Ok(timeout_at(deadline, self.pool.get()).await.map_err(|_| CallError::Timeout)??)
    }

    /// Runs a statement on a connection of the pool: no other function does once a store is open. It leaves
    /// nothing behind on the connection. An unnamed statement ends with the next one, and each is a
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

    /// Closes the connection of a write that got no answer, and asks the server to cancel the write.
    /// Otherwise a write that waits for a lock would take effect later.
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

    /// Closes the idle connections that were made before this call was sent: they are likely to fail
    /// too.
    fn discard_idle(&self, sent: std::time::Instant) {
        let _ = self.pool.retain(|_, metrics| metrics.created > sent);
    }

    /// From time to time closes the connections that have been idle for too long.
    fn close_idle(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let every = u64::try_from(self.max_idle.as_millis() / 4).unwrap_or(u64::MAX);
        let last = self.closed_idle.load(Ordering::Relaxed);
        if now - last.min(now) >= every {
            self.closed_idle.store(now, Ordering::Relaxed);
            let _ = self.pool.retain(|_, metrics| metrics.last_used() < self.max_idle);
        }
    }
}

/// Asks the server to cancel the statement of a connection. A failure is only logged: no caller waits for
/// the statement any more.
pub(crate) type Cancel =
    dyn Fn(CancelToken) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

pub(crate) fn canceller<T>(tls: T) -> Arc<Cancel>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    Arc::new(move |token| {
        let tls = tls.clone();
        Box::pin(async move {
            if let Err(error) = token.cancel_query(tls).await {
                tracing::debug!(%error, "a statement could not be cancelled");
            }
        })
    })
}
