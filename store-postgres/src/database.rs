use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, Object, Pool};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::tls::{MakeTlsConnect, NoTls, TlsConnect};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Row, Socket};

use crate::error::{CallError, OpenError};
use crate::listen::{Connect, connector};
use crate::names::Names;

/// How often a call is tried that the server undid in favour of others.
const TRIES: u32 = 4;

/// A Postgres database, and where in it the tables are: what stores are opened on.
///
/// The connections are those of a pool of yours, with the TLS that you want, or, by
/// [`connect_no_tls`](Self::connect_no_tls), of one made here.
#[derive(Clone)]
pub struct Database {
    pub(crate) pool: Pool,
    pub(crate) listen: Option<Arc<Connect>>,
    pub(crate) names: Names,
    pub(crate) timeout: Duration,
    pub(crate) sweep_every: Duration,
}

impl Database {
    /// The database that this pool connects to. It has to be the primary.
    ///
    /// Outcomes are announced to servers that [listen](Self::listen_with); with this
    /// alone, pages that wait on this server poll.
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            listen: None,
            names: Names::default(),
            timeout: Duration::from_secs(2),
            sweep_every: Duration::from_secs(30),
        }
    }

    /// The database at this URL, `postgres://user:password@host/database`, over
    /// **connections that are not encrypted**: over a Unix socket, or within a network
    /// that is nobody else's. It listens. Connections are made when they are needed. The
    /// server gives up what takes longer than 10 s.
    ///
    /// # Errors
    ///
    /// [`OpenError::Url`].
    pub fn connect_no_tls(url: &str) -> Result<Self, OpenError> {
        let config: Config = url.parse().map_err(|error| OpenError::Url(Box::new(error)))?;
        let pool = Pool::builder(Manager::new(config.clone(), NoTls))
            // What nobody waits for any more shall not go on for ever.
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async {
                    let set = client.batch_execute("set statement_timeout = '10s'").await;
                    set.map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|error| OpenError::Database(Box::new(error)))?;
        Ok(Self::new(pool).listen_with(config, NoTls))
    }

    /// Lets stores opened on this hear outcomes announced, over one connection each, made
    /// with this configuration beside the pool: it is not lent to anybody. It connects
    /// again by itself. A pooler that hands out connections per transaction cannot be
    /// listened through.
    #[must_use]
    pub fn listen_with<T>(mut self, config: Config, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        self.listen = Some(connector(config, tls));
        self
    }

    /// The tables' schema; it is made where it does not exist. Default: `public`.
    ///
    /// Lower-case ASCII letters, digits and underscores, 40 at most with the prefix.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.names.schema = schema.into();
        self
    }

    /// What the tables' names begin with. Default: `sqrl_`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.names.prefix = prefix.into();
        self
    }

    /// How long one call may take in all, with waiting for a connection, making one and
    /// trying again. Default: 2 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often a store sweeps away nuts that have expired. Default: 30 s.
    #[must_use]
    pub fn sweep_every(mut self, interval: Duration) -> Self {
        self.sweep_every = interval;
        self
    }

    /// Runs a statement that writes. It is run again only where the server has undone it.
    pub(crate) async fn write(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, CallError> {
        self.run(statement, parameters, false).await
    }

    /// Runs a statement that changes nothing. If the connection turns out to be dead, as
    /// they are after a restart of the server, it is run once more on another.
    pub(crate) async fn look(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, CallError> {
        self.run(statement, parameters, true).await
    }

    async fn run(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
        look: bool,
    ) -> Result<Vec<Row>, CallError> {
        let deadline = Instant::now() + self.timeout;
        let mut tries = 1;
        loop {
            let error = match self.run_once(statement, parameters, deadline).await {
                Ok(rows) => return Ok(rows),
                Err(error) => error,
            };
            let lost = error.is_lost_connection();
            if lost {
                // The idle ones are likely to be no better.
                self.pool.retain(|_, _| false);
            }
            let again = (lost && look && tries == 1) || (error.is_undone() && tries < TRIES);
            if !again {
                return Err(error);
            }
            tries += 1;
        }
    }

    async fn run_once(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
        deadline: Instant,
    ) -> Result<Vec<Row>, CallError> {
        let checkout = timeout_at(deadline, self.pool.get()).await;
        let client = checkout.map_err(|_| CallError::Timeout)??;
        let answer = timeout_at(deadline, async {
            let statement = client.prepare_cached(statement).await?;
            client.query(&statement, parameters).await
        });
        let Ok(answer) = answer.await else {
            // The next who got this connection would wait for the same thing.
            drop(Object::take(client));
            return Err(CallError::Timeout);
        };
        Ok(answer?)
    }
}

/// Without the pool, which knows the user and the host.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("names", &self.names)
            .field("timeout", &self.timeout)
            .field("listens", &self.listen.is_some())
            .finish_non_exhaustive()
    }
}
