use std::error::Error as _;
use std::fmt;

use thiserror::Error;

/// What is wrong with a store's configuration, and what to write instead.
///
/// `Debug` says the same and every cause: that is what a `main` that returns it prints.
#[derive(Error)]
#[non_exhaustive]
pub enum RedisConfigError {
    /// The URL's scheme is none of ours.
    #[error(
        "a Redis URL begins with redis://, redis-sentinel://, redis-cluster:// or redis+unix://, \
         or with rediss where the connection is encrypted"
    )]
    Scheme,
    /// The URL names no server, or one that cannot be read.
    #[error("a Redis URL names a server: redis://127.0.0.1:6379, or several, with commas")]
    Host,
    /// Sentinel without the name of what it guards.
    #[error(
        "name the group of servers that Sentinel guards: \
         redis-sentinel://127.0.0.1:26379/?service=mymaster"
    )]
    Service,
    /// A parameter behind the question mark is not known here. It is not repeated: it may be
    /// the rest of a password.
    #[error(
        "behind the question mark there may be service, sentinel_username and \
         sentinel_password, for Sentinel; a question mark in a password is written %3F"
    )]
    Parameter,
    /// `rediss` without the feature.
    #[error("an encrypted connection needs the feature `tls` of tower-sqrl-redis")]
    Tls,
    /// What the redis crate says about the rest of the URL.
    #[error("the Redis URL cannot be used")]
    Url(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A timeout of nothing, or one that nobody is willing to wait.
    #[error("the timeout has to be between 10 ms and 3 s")]
    Timeout,
    /// Waiting for replicas longer than calls are given.
    #[error("waiting for replicas has to end within half of the timeout")]
    ReplicaTimeout,
    /// Waiting for replicas over a connection that is not ours.
    #[error(
        "waiting for replicas holds up a connection: it needs the store's own, \
         not one that is passed to it"
    )]
    ReplicasNeedOwnConnections,
}

impl fmt::Debug for RedisConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut causes = std::iter::successors(self.source(), |&error| error.source());
        causes.try_for_each(|cause| write!(f, ": {cause}"))
    }
}
