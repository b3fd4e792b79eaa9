use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{Manager, Object, Pool};
use redis::aio::ConnectionLike;
use tower_sqrl_core::StoreError;

use crate::check::check;
use crate::keys::Keys;
use crate::lanes::Replicas;
use crate::link::{self, Lent, Link, Pooled};
use crate::store::Inner;
use crate::subscriber::Subscriber;
use crate::topology::Topology;
use crate::{RedisConfigError, RedisNutStore};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(10);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3);

/// Settings for a [`RedisNutStore`].
#[must_use = "ends with `connect` or `build`"]
pub struct RedisNutStoreBuilder {
    url: String,
    prefix: String,
    timeout: Duration,
    replicas: Option<Replicas>,
    link: Option<Arc<dyn Link>>,
}

impl RedisNutStoreBuilder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            prefix: Keys::DEFAULT_PREFIX.to_owned(),
            timeout: DEFAULT_TIMEOUT,
            replicas: None,
            link: None,
        }
    }

    /// What the names of all keys and of the channel begin with; default `sqrl:`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long a call may take in all, from 10 ms to 3 s; default 2 s. Half of it is for
    /// connecting, half for the reply.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Has every create and take wait (`WAIT`) until `count` replicas have it, at most
    /// `timeout` long, of the half of [`timeout`](Self::timeout) that is for the reply.
    ///
    /// Redis replicates behind its replies: a take that was answered may be undone when a
    /// replica that has not heard of it becomes the master, and for the rest of the nut's
    /// life its request may be accepted once more. Waiting makes that unlikely. It does not
    /// make it impossible: when the replicas do not answer in time, and also when there are
    /// none, the call succeeds all the same. Whoever would rather refuse sets
    /// `min-replicas-to-write` in Redis.
    pub fn wait_for_replicas(mut self, count: u32, timeout: Duration) -> Self {
        self.replicas = Some(Replicas { count, timeout });
        self
    }

    /// Sends calls over a connection of the application's, of the crate redis 1: a
    /// `ConnectionManager`, a `MultiplexedConnection` (which does not reconnect), or a
    /// `ClusterConnection`. It is cloned for every call. The URL remains in use for
    /// announcements, and has to be of the same kind.
    ///
    /// A `ClusterConnection` has to be made with `retries(0)`: otherwise it sends takes again
    /// whose reply was lost, and a nut is taken that nobody gets. The store's own connections
    /// to a cluster follow redirections that such a connection does not.
    pub fn with_redis_1<C>(mut self, connection: C) -> Self
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        self.link = Some(Arc::new(Lent(connection)));
        self
    }

    /// Sends calls over connections of a pool of the application's, of the crate deadpool
    /// 0.13: any that deadpool-redis 0.23 makes. As
    /// [`with_redis_1`](Self::with_redis_1) otherwise.
    ///
    /// Each call checks a connection out, which costs two further commands and much of the
    /// speed of a shared connection.
    pub fn with_deadpool_0_13<M, W>(mut self, pool: Pool<M, W>) -> Self
    where
        M: Manager<Error: Error + Send + Sync> + 'static,
        W: From<Object<M>> + ConnectionLike + Send + 'static,
    {
        self.link = Some(Arc::new(Pooled(pool)));
        self
    }

    /// A store that connects when it is first used.
    ///
    /// # Errors
    ///
    /// See [`RedisConfigError`].
    pub fn build(self) -> Result<RedisNutStore, RedisConfigError> {
        let topology = Topology::parse(&self.url)?;
        if !(SHORTEST_TIMEOUT..=LONGEST_TIMEOUT).contains(&self.timeout) {
            return Err(RedisConfigError::Timeout);
        }
        let step = self.timeout / 2;
        if self.replicas.is_some_and(|replicas| replicas.timeout >= step) {
            return Err(RedisConfigError::ReplicaTimeout);
        }
        if self.replicas.is_some() && self.link.is_some() {
            return Err(RedisConfigError::ReplicasNeedOwnConnections);
        }
        let keys = Keys::new(&self.prefix);
        let cluster = matches!(topology, Topology::Cluster(_));
        let lent_cluster = self.link.is_some() && cluster;
        let mut extra_commands: Vec<&[&str]> = vec![&["PING"]];
        if self.replicas.is_some() {
            extra_commands.push(&["WAIT", "0", "1"]);
        }
        if cluster && !lent_cluster {
            extra_commands.push(&["ASKING"]);
        }
        let link = self.link.unwrap_or_else(|| link::own(&topology, step, self.replicas));
        Ok(RedisNutStore::new(Inner {
            link,
            timeout: self.timeout,
            // A pipeline of the crate's goes to the one node that has all of its keys, and a
            // channel's name counts as one.
            announce_apart: lent_cluster,
            extra_commands,
            subscriber: Subscriber::new(topology, keys.channel(), step),
            keys,
        }))
    }

    /// Connects, and runs every command that the store uses once.
    ///
    /// # Errors
    ///
    /// As [`RedisNutStore::connect`].
    pub async fn connect(self) -> Result<RedisNutStore, StoreError> {
        let store = self.build()?;
        check(&store.0).await?;
        Ok(store)
    }
}

/// The URL may hold a password, and is left out.
impl fmt::Debug for RedisNutStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisNutStoreBuilder")
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .field("replicas", &self.replicas)
            .field("own_connections", &self.link.is_none())
            .finish_non_exhaustive()
    }
}
