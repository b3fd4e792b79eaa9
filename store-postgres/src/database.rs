use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, Pool, QueueMode};
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::tls::{MakeTlsConnect, NoTls, TlsConnect};
use tokio_postgres::{Config, Socket};

use crate::connections::{Connections, canceller};
use crate::error::OpenError;
use crate::listen::{Connect, connector};
use crate::names::Names;

/// A Postgres database and the place of the tables in it. Stores are opened on it.
///
/// The connections come from a pool of your own, with your TLS, or from one that
/// [`connect_no_tls`](Self::connect_no_tls) makes.
///
/// Every call is one unnamed statement in a transaction of its own, and leaves nothing behind
/// on the connection. So the pool may lead through a pooler that lends a connection for each
/// transaction, such as PgBouncer with `pool_mode = transaction`.
#[derive(Clone)]
pub struct Database {
    pub(crate) connections: Connections,
    pub(crate) listen: Option<Arc<Connect>>,
    pub(crate) names: Names,
    pub(crate) sweep_every: Duration,
}

impl Database {
    /// Uses the connections of this pool. They have to lead to the primary: give the pool's
    /// configuration `target_session_attrs=read-write`.
    ///
    /// The stores announce outcomes to servers that [listen](Self::listen_with). With the pool
    /// alone this server does not listen, and its pages poll.
    pub fn new(pool: Pool) -> Self {
        Self {
            connections: Connections::new(pool, canceller(NoTls)),
            listen: None,
            names: Names::default(),
            sweep_every: Duration::from_secs(30),
        }
    }

    /// Uses the database at this URL, `postgres://user:password@host/database`, over
    /// **connections that are not encrypted**: use it over a Unix socket, or within your own
    /// network. It connects when it has to, with at most two connections per core, and one more
    /// for each store that listens.
    ///
    /// It connects only to a server that accepts writes (`target_session_attrs=read-write`,
    /// whatever the URL says). With several hosts in the URL it takes the first such server.
    /// Unless the URL sets them, `keepalives_idle` is 30 s, `keepalives_interval` 10 s,
    /// `keepalives_retries` 3, and `tcp_user_timeout` 10 s.
    ///
    /// # Errors
    ///
    /// [`OpenError::Url`].
    pub fn connect_no_tls(url: &str) -> Result<Self, OpenError> {
        let config = url.parse().map_err(|error| OpenError::Url(Box::new(error)))?;
        let config = to_primary(config);
        let pool = Pool::builder(Manager::new(config.clone(), NoTls))
            // A few connections do the work of a quiet hour, and the others are closed.
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|error| OpenError::Unavailable(Box::new(error)))?;
        Ok(Self::new(pool).listen_with(config, NoTls))
    }

    /// Lets each store that is opened on this listen for outcomes, over one connection of its
    /// own that it makes with this configuration. It reconnects by itself.
    ///
    /// The configuration has to lead to the server itself. Nothing is heard through a pooler
    /// that lends connections per transaction. The store detects a pooler when it is opened:
    /// it logs a warning, does not listen, and its pages poll. For a pool that leads through a
    /// pooler, give the server's own address here.
    ///
    /// The TLS is also used to cancel a write that the call's [timeout](Self::timeout) ends.
    #[must_use]
    pub fn listen_with<T>(mut self, config: Config, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        self.connections.cancel = canceller(tls.clone());
        self.listen = Some(connector(config, tls));
        self
    }

    /// Prepares each statement once per connection and then runs it by its name.
    ///
    /// This saves the database the planning of every call: three quarters of the processor time
    /// of a look-up, and a third of that of a write. It needs connections that lead to the server itself, because a pooler lends the same
    /// connection to others, whose statements have the same names. Opening a store fails with
    /// [`OpenError::Pooler`] where there is a pooler.
    #[must_use]
    pub fn prepared_statements_on_direct_connections(mut self) -> Self {
        self.connections.prepared = true;
        self
    }

    /// Sets the tables' schema. A store creates it if it does not exist. Default: `public`.
    ///
    /// Lower-case ASCII letters, digits and underscores, at most 40 together with the prefix.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.names.schema = schema.into();
        self
    }

    /// Sets the prefix of the tables' names. Default: `sqrl_`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.names.prefix = prefix.into();
        self
    }

    /// Sets the longest time that one call takes in all: waiting for a connection, connecting
    /// and retrying included. Default: 2 s.
    ///
    /// A call that only reads is sent again over a new connection if the first gives no answer
    /// for half of this time.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.connections.timeout = timeout;
        self
    }

    /// Sets how long a connection may be idle and still be used. Older ones are closed, because
    /// a NAT or load balancer on the way may have forgotten them. Default: 60 s.
    ///
    /// This also closes idle connections of a pool of your own.
    #[must_use]
    pub fn max_idle(mut self, max_idle: Duration) -> Self {
        self.connections.max_idle = max_idle;
        self
    }

    /// Sets how often a store sweeps away nuts that have expired. Default: 30 s.
    #[must_use]
    pub fn sweep_every(mut self, interval: Duration) -> Self {
        self.sweep_every = interval;
        self
    }
}

/// What a URL means here where it says nothing else.
fn to_primary(mut config: Config) -> Config {
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    // Two hours is the default of those that cannot be unset.
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config.keepalives_idle(Duration::from_secs(30));
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(Duration::from_secs(10));
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(3);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(10));
    }
    config
}

/// Without the pool, which knows the user and the host.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("names", &self.names)
            .field("timeout", &self.connections.timeout)
            .field("listens", &self.listen.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_to_the_primary_and_notices_a_dead_network() {
        let config = to_primary("postgres://a,b/c".parse().expect("a URL"));
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(30));
        assert_eq!(config.get_keepalives_interval(), Some(Duration::from_secs(10)));
        assert_eq!(config.get_keepalives_retries(), Some(3));
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(10)));

        let url = "postgres://a/b?keepalives_idle=7&keepalives_interval=8&keepalives_retries=9\
                   &tcp_user_timeout=6&target_session_attrs=any";
        let config = to_primary(url.parse().expect("a URL"));
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(7));
        assert_eq!(config.get_keepalives_interval(), Some(Duration::from_secs(8)));
        assert_eq!(config.get_keepalives_retries(), Some(9));
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(6)));
    }
}
