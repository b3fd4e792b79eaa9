use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{Manager, Object, Pool};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{RecordKind, WaitId};

use crate::cached::Invalidator;
use crate::cluster::Cluster;
use crate::connect::{connect, master};
use crate::error::{OpenError, RedactedError};
use crate::server::{Replicas, Server};
use crate::store::{Inner, Names, RedisNutStore};
use crate::subscriber::Subscriber;
use crate::transport::{AppConnection, AppPool, Call, Transport};
use crate::url::Topology;

const DEFAULT_PREFIX: &str = "sqrl:";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(10);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3);

/// The settings of a [`RedisNutStore`].
#[must_use = "end with `connect` or `build`"]
pub struct RedisNutStoreBuilder {
    url: String,
    prefix: String,
    timeout: Duration,
    replicas: Option<Replicas>,
    /// The application's connections, if the store shall use these.
    transport: Option<Arc<dyn Transport>>,
}

impl RedisNutStore {
    /// Connects with the default settings, and runs every command of the store once.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]. [`OpenError::NotPermitted`] names the permission that the user lacks.
    pub async fn connect(url: &str) -> Result<Self, OpenError> {
        Self::builder(url).connect().await
    }

    /// Returns the default settings. The README describes the URL.
    pub fn builder(url: &str) -> RedisNutStoreBuilder {
        RedisNutStoreBuilder {
            url: url.to_owned(),
            prefix: DEFAULT_PREFIX.to_owned(),
            timeout: DEFAULT_TIMEOUT,
            replicas: None,
            transport: None,
        }
    }
}

impl RedisNutStoreBuilder {
    /// Sets the prefix of the names of all keys and of the channel. Default: `sqrl:`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the longest time that a call takes in all, from 10 ms to 3 s. Default: 2 s. Half of it is for
    /// connecting, half for the reply.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Lets every create and take wait (`WAIT`) until `count` replicas have it, but at most `timeout`.
    /// That must be shorter than half of the store's [`timeout`](Self::timeout).
    ///
    /// Redis replicates after it replies. If a replica becomes the master that has not received a take,
    /// the take is undone: for the rest of the nut's life its request may be accepted once more. Waiting
    /// makes that unlikely, but not impossible: the call also succeeds if the replicas do not answer in
    /// time, or if there are none. To refuse instead, set `min-replicas-to-write` in Redis.
    pub fn wait_for_replicas(mut self, count: u32, timeout: Duration) -> Self {
        self.replicas = Some(Replicas { count, timeout });
        self
    }

    /// Sends calls over a connection of the application, of the crate redis 1: a `ConnectionManager`, a
    /// `MultiplexedConnection` (which does not reconnect), or a `ClusterConnection`. The store clones it
    /// for every call. Announcements still use the URL, which must lead to the same servers.
    ///
    /// Create a `ClusterConnection` with `retries(0)`. Otherwise it repeats a take whose reply was lost,
    /// and nobody gets the nut. The store's own connections to a cluster follow redirections that such a
    /// connection does not.
    pub fn with_redis_1<C>(mut self, connection: C) -> Self
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        self.transport = Some(Arc::new(AppConnection(connection)));
        self
    }

    /// Sends calls over connections of a pool of the application, of the crate deadpool 0.13: any pool of
    /// deadpool-redis 0.23. Otherwise as [`with_redis_1`](Self::with_redis_1).
    ///
    /// Each call checks out a connection. That costs two more commands and much of the speed of a shared
    /// connection.
    pub fn with_deadpool_0_13<M, W>(mut self, pool: Pool<M, W>) -> Self
    where
        M: Manager<Error: Error + Send + Sync> + 'static,
        W: From<Object<M>> + ConnectionLike + Send + 'static,
    {
        self.transport = Some(Arc::new(AppPool(pool)));
        self
    }

    /// Builds a store that connects when it is first used.
    ///
    /// # Errors
    ///
    /// [`OpenError::Url`], [`OpenError::Timeout`], [`OpenError::ReplicaTimeout`] or
    /// [`OpenError::ReplicasNeedOwnConnections`].
    pub fn build(self) -> Result<RedisNutStore, OpenError> {
        self.checked().map(|(store, _)| store)
    }

    /// Connects, and runs every command of the store once.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub async fn connect(self) -> Result<RedisNutStore, OpenError> {
        let (store, extra_commands) = self.checked()?;
        check(&store.0, &extra_commands).await?;
        Ok(store)
    }

    /// The store, and the commands that it sends besides those on keys and the channel.
    fn checked(self) -> Result<(RedisNutStore, Vec<&'static [&'static str]>), OpenError> {
        let topology = Topology::parse(&self.url)?;
        if !(SHORTEST_TIMEOUT..=LONGEST_TIMEOUT).contains(&self.timeout) {
            return Err(OpenError::Timeout);
        }
        let step = self.timeout / 2;
        if self.replicas.is_some_and(|replicas| replicas.timeout >= step) {
            return Err(OpenError::ReplicaTimeout);
        }
        if self.replicas.is_some() && self.transport.is_some() {
            return Err(OpenError::ReplicasNeedOwnConnections);
        }
        let is_cluster = matches!(topology, Topology::Cluster(_));
        let is_app_cluster = self.transport.is_some() && is_cluster;
        let mut extra_commands: Vec<&[&str]> = vec![&["PING"]];
        if self.replicas.is_some() {
            extra_commands.push(&["WAIT", "0", "1"]);
        }
        if is_cluster && !is_app_cluster {
            extra_commands.push(&["ASKING"]);
        }
        let names = Names::new(&self.prefix);
        let store = Inner {
            transport: self.transport.unwrap_or_else(|| transport(&topology, step, self.replicas)),
            timeout: self.timeout,
            // The redis crate sends a pipeline to the node that has all of its keys, and counts the name
            // of a channel as a key.
            announces_separately: is_app_cluster,
            subscriber: Subscriber::new(topology, names.channel(), step),
            names,
        };
        Ok((RedisNutStore(Arc::new(store)), extra_commands))
    }
}

/// The store's own connections.
fn transport(
    topology: &Topology,
    step: Duration,
    replicas: Option<Replicas>,
) -> Arc<dyn Transport> {
    type Ended = Invalidator<MultiplexedConnection>;
    match topology {
        Topology::Single(server) => {
            let server = server.clone();
            Arc::new(Server::new(replicas, step, move |ended: Ended| {
                let server = server.clone();
                async move { connect(&server, step, Some(ended)).await }
            }))
        }
        Topology::Sentinel(sentinel) => {
            let sentinel = Arc::new(sentinel.clone());
            Arc::new(Server::new(replicas, step, move |ended: Ended| {
                let sentinel = Arc::clone(&sentinel);
                async move {
                    let server = master(&sentinel, step).await?;
                    connect(&server, step, Some(ended)).await
                }
            }))
        }
        Topology::Cluster(seeds) => Arc::new(Cluster::new(seeds.clone(), step, replicas)),
    }
}

/// Runs every command of the store, on a key of each namespace and on the channel, so that a missing
/// permission is an error now and not at the first sign-in.
async fn check(store: &Inner, extra_commands: &[&[&str]]) -> Result<(), OpenError> {
    for kind in RecordKind::ALL {
        let key = store.names.within(kind, "check");
        let pattern = format!("~{}", store.names.within(kind, "*"));
        run(store, &key, &["SET", &key, "", "NX", "PX", "1000"], &pattern).await?;
        run(store, &key, &["GET", &key], &pattern).await?;
        run(store, &key, &["GETDEL", &key], &pattern).await?;
    }
    let channel = store.names.channel();
    let pattern = format!("&{channel}");
    // Subscribers ignore it: it is not a wait id.
    run(store, &channel, &["PUBLISH", &channel, ""], &pattern).await?;
    for &words in extra_commands {
        run(store, &channel, words, "").await?;
    }
    let subscribed = store.watch(&WaitId::from_bytes([0; 16])).await;
    subscribed.map(drop).map_err(|error| open_error(error, "SUBSCRIBE", &pattern))
}

/// Runs one command on the server of `key`.
async fn run(store: &Inner, key: &str, words: &[&str], pattern: &str) -> Result<(), OpenError> {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(word);
    }
    let call = Call { key: key.to_owned(), command, reads: false, announcement: None };
    store.run(&call).await.map(drop).map_err(|error| open_error(error, words[0], pattern))
}

/// Names the permission if that is what is missing.
fn open_error(error: StoreError, command: &str, pattern: &str) -> OpenError {
    let source = error.source().and_then(|source| source.downcast_ref::<RedactedError>());
    match source {
        Some(source) if source.is_about_permission() => OpenError::NotPermitted {
            command: command.to_owned(),
            rules: format!("+{} {pattern}", command.to_lowercase()).trim_end().to_owned(),
            source: Box::new(source.clone()),
        },
        _ => OpenError::Unavailable(error),
    }
}

/// Leaves out the URL, which may contain a password.
impl fmt::Debug for RedisNutStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisNutStoreBuilder")
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .field("replicas", &self.replicas)
            .field("own_connections", &self.transport.is_none())
            .finish_non_exhaustive()
    }
}
