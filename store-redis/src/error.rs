use std::error::Error;
use std::fmt;

use redis::{ErrorKind, RedisError};
use thiserror::Error;
use tower_sqrl_core::StoreError;

/// An error of opening a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL is invalid, or needs a feature that is off.
    ///
    /// The reason does not repeat the URL, which may contain a password.
    #[error("invalid Redis URL: {reason}")]
    Url {
        /// What is wrong, and what to write instead.
        reason: String,
    },
    /// The timeout is out of range.
    #[error("the timeout must be between 10 ms and 3 s")]
    Timeout,
    /// The timeout of the wait for replicas is too long.
    #[error(
        "the timeout of the wait for replicas must be shorter than half of the store's timeout"
    )]
    ReplicaTimeout,
    /// A wait for replicas, over connections of the application.
    #[error(
        "a wait for replicas blocks its connection: let the store make its own connections, or \
         leave out `wait_for_replicas`"
    )]
    ReplicasNeedOwnConnections,
    /// The Redis user lacks a permission.
    #[error("the Redis user may not run {command}; grant it: ACL SETUSER … {rules}")]
    NotPermitted {
        /// The command that Redis rejected.
        command: String,
        /// The missing rules, as in `ACL SETUSER`: `+set ~sqrl:nut:*`.
        rules: String,
        /// The error of Redis.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Redis cannot be reached, or does not answer in time.
    #[error(transparent)]
    Unavailable(StoreError),
}

impl OpenError {
    pub(crate) fn url(reason: impl Into<String>) -> Self {
        Self::Url { reason: reason.into() }
    }
}

/// An error of Redis without what was sent.
///
/// Redis repeats the arguments of a command that it does not know: nuts, CPS ids, records or a
/// password.
#[derive(Debug, Clone)]
pub(crate) struct RedactedError {
    code: String,
    detail: String,
}

impl RedactedError {
    fn new(error: &RedisError) -> Self {
        let code = error.code().unwrap_or_else(|| error.category()).to_owned();
        let detail = match error.kind() {
            ErrorKind::Server(_) | ErrorKind::Extension => error.detail().unwrap_or_default(),
            // The redis crate's own detail may show the reply.
            _ => "",
        };
        let end = detail.find(", with args").unwrap_or(detail.len());
        Self { code, detail: detail[..end].to_owned() }
    }

    /// Whether the user lacks a permission for the command, its key or its channel.
    pub(crate) fn is_about_permission(&self) -> bool {
        self.code == "NOPERM"
    }
}

impl fmt::Display for RedactedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

impl Error for RedactedError {}

/// Returns an error that may be logged: [`RedactedError`] in place of an error of the server.
pub(crate) fn redacted(
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> Box<dyn Error + Send + Sync> {
    let source = source.into();
    let mut cause: Option<&(dyn Error + 'static)> = Some(&*source);
    while let Some(error) = cause {
        match error.downcast_ref::<RedisError>() {
            Some(error) if !is_local(error) => return Box::new(RedactedError::new(error)),
            _ => cause = error.source(),
        }
    }
    source
}

/// Whether the error does not come from a server.
fn is_local(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::MasterNameNotFoundBySentinel)
}
