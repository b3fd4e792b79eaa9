//! Calls, and how they reach Redis.

use std::error::Error;

use async_trait::async_trait;
use deadpool::managed::{Manager, Object, Pool};
use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};

use crate::error::redacted;

/// A command on one key, and a message that follows it in the same round trip.
pub(crate) struct Call {
    pub(crate) key: String,
    pub(crate) command: Cmd,
    /// Whether the command changes nothing, so that it may be sent again after a lost reply.
    pub(crate) reads: bool,
    /// Its result is only logged.
    pub(crate) announcement: Option<Cmd>,
}

impl Call {
    /// Sends `before`, the command, `behind` and the announcement in one round trip. Returns the reply
    /// to the command.
    pub(crate) async fn send(
        &self,
        connection: &mut (impl ConnectionLike + Send),
        before: Option<&Cmd>,
        behind: Option<&Cmd>,
    ) -> RedisResult<Value> {
        if before.is_none() && behind.is_none() && self.announcement.is_none() {
            return self.command.query_async(connection).await;
        }
        let mut pipeline = Pipeline::with_capacity(4);
        let others = behind.into_iter().chain(&self.announcement);
        for command in before.into_iter().chain([&self.command]).chain(others) {
            pipeline.add_command(command.clone());
        }
        let replies: Vec<RedisResult<Value>> =
            pipeline.ignore_errors().query_async(connection).await?;
        let mut replies = replies.into_iter().skip(usize::from(before.is_some()));
        let reply = replies.next().unwrap_or_else(|| Ok(Value::Nil));
        for error in replies.filter_map(Result::err) {
            let error = redacted(error);
            tracing::warn!(%error, "Redis rejected a command that follows a record");
        }
        reply
    }
}

/// The failure of a call.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) effect: Effect,
    pub(crate) source: Box<dyn Error + Send + Sync>,
}

/// The effect of a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// None. It may succeed if it is sent again a little later.
    None,
    /// None, and sending it again would not help.
    Rejected,
    /// The reply is lost, so the effect is unknown.
    Unknown,
}

impl Failure {
    /// The call has not been sent.
    pub(crate) fn not_sent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { effect: Effect::None, source: source.into() }
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        use ServerErrorKind::{
            Ask, BusyLoading, ClusterDown, MasterDown, Moved, ReadOnly, TryAgain,
        };

        let effect = match error.kind() {
            ErrorKind::Server(
                Ask | BusyLoading | ClusterDown | MasterDown | Moved | ReadOnly | TryAgain,
            ) => Effect::None,
            // Redis executes a command or answers with an error, never both.
            ErrorKind::Server(_) | ErrorKind::Extension => Effect::Rejected,
            _ => Effect::Unknown,
        };
        Self { effect, source: Box::new(error) }
    }
}

/// Connections to Redis that calls are sent over.
#[async_trait]
pub(crate) trait Transport: Send + Sync {
    /// Sends a call once. Sends it to another server only if the first one replies that it did not
    /// execute it.
    async fn send(&self, call: &Call) -> Result<Value, Failure>;
}

/// A connection of the application, cloned for every call.
pub(crate) struct AppConnection<C>(pub(crate) C);

#[async_trait]
impl<C: ConnectionLike + Clone + Send + Sync> Transport for AppConnection<C> {
    async fn send(&self, call: &Call) -> Result<Value, Failure> {
        Ok(call.send(&mut self.0.clone(), None, None).await?)
    }
}

/// A pool of the application, with one checkout for every call.
pub(crate) struct AppPool<M: Manager, W: From<Object<M>>>(pub(crate) Pool<M, W>);

#[async_trait]
impl<M, W> Transport for AppPool<M, W>
where
    M: Manager<Error: Error + Send + Sync> + 'static,
    W: From<Object<M>> + ConnectionLike + Send + 'static,
{
    async fn send(&self, call: &Call) -> Result<Value, Failure> {
        let mut connection = self.0.get().await.map_err(Failure::not_sent)?;
        Ok(call.send(&mut connection, None, None).await?)
    }
}
