use std::error::Error;

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};

use crate::refusal::told;

/// A command on one key, and what is sent behind it in the same round trip.
pub(crate) struct Call {
    pub(crate) key: String,
    pub(crate) command: Cmd,
    /// Whether it changes nothing, and so may be sent again after a lost reply.
    pub(crate) look: bool,
    /// Its reply, or failure, decides nothing.
    pub(crate) announcement: Option<Cmd>,
}

impl Call {
    /// Sends everything. `before` goes ahead, `behind` right behind the command; the replies
    /// to both are not waited for by anything.
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
            let error = told(error);
            tracing::warn!(%error, "Redis refused what follows a record");
        }
        reply
    }
}

/// A call that did not go well.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) effect: Effect,
    pub(crate) source: Box<dyn Error + Send + Sync>,
}

/// What a failed call has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing; it may do so when it is sent again a little later.
    NotYet,
    /// Nothing, and sending it again would not help.
    Never,
    /// Nobody knows: its reply is lost.
    Unknown,
}

impl Failure {
    /// The call has not been sent.
    pub(crate) fn not_sent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { effect: Effect::NotYet, source: source.into() }
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
            ) => Effect::NotYet,
            // Redis executes a command or answers with an error, never both.
            ErrorKind::Server(_) | ErrorKind::Extension => Effect::Never,
            _ => Effect::Unknown,
        };
        Self { effect, source: Box::new(error) }
    }
}
