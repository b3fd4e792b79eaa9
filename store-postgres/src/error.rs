use std::error::Error;
use std::fmt;

use deadpool_postgres::{HookError, PoolError};
use thiserror::Error;
use tokio_postgres::error::SqlState;
use tower_sqrl_core::StoreError;

use crate::refusal::Refusal;

/// Why a store could not be opened.
///
/// `Debug` says the same and every cause: that is what a `main` that returns it prints.
#[derive(Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A newer release of this crate has been here, and its tables mean other things.
    #[error(
        "the database's `{part}` tables are of version {found}, and this release knows only \
         versions up to {known}: upgrade tower-sqrl-postgres"
    )]
    Newer {
        /// Which tables: `identity` or `nut`.
        part: &'static str,
        /// The version in the database.
        found: u32,
        /// The highest version that this release knows.
        known: u32,
    },
    /// The names are not plain.
    #[error(
        "the schema `{schema}` and the table prefix `{prefix}` must be lower-case ASCII \
         letters, digits and underscores, not begin with a digit, and be no longer than 40 \
         characters together"
    )]
    Name {
        /// The schema's name as it was given.
        schema: String,
        /// The prefix as it was given.
        prefix: String,
    },
    /// The role lacks a right that the store needs.
    #[error(
        "the role `{role}` lacks `{privileges}` on {on}; grant it: \
         `grant {privileges} on {on} to {role}`"
    )]
    Right {
        /// The role that the connections have.
        role: String,
        /// The missing privileges, as in `grant`: `insert, update`.
        privileges: String,
        /// What they are missing on, as in `grant`: `table "auth"."sqrl_nut"`.
        on: String,
    },
    /// The server accepts no writes: it is a standby, or `default_transaction_read_only` is on.
    #[error(
        "the database accepts no writes: connect to the primary \
         (`target_session_attrs=read-write`), and look at `default_transaction_read_only`"
    )]
    ReadOnly,
    /// The connections lead through a pooler, which lends them to others, too.
    #[error(
        "the connections lead through a pooler, where prepared statements are mixed up with \
         those of others: leave out `prepared_statements_on_direct_connections`, or connect to \
         the server itself"
    )]
    Pooler,
    /// The URL cannot be read.
    #[error("the database's URL cannot be read")]
    Url(#[source] Box<dyn Error + Send + Sync>),
    /// The database cannot be reached, or does not let us in, or not make our tables.
    #[error("the database cannot be reached or brought up to date")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut causes = std::iter::successors(self.source(), |&error| error.source());
        causes.try_for_each(|cause| write!(f, ": {cause}"))
    }
}

/// Why one call came to nothing. It is logged, and so is what it comes from.
#[derive(Debug, Error)]
pub(crate) enum CallError {
    #[error("no answer in time")]
    Timeout,
    #[error("the connection for announcements leads through a pooler")]
    Pooler,
    #[error("no connection")]
    Checkout(#[source] Cause),
    #[error(transparent)]
    Statement(Cause),
}

/// What an error comes from, without anything that was sent or stored.
#[derive(Debug, Error)]
pub(crate) enum Cause {
    #[error(transparent)]
    Server(Box<Refusal>),
    /// Anything but what the server said.
    #[error(transparent)]
    Connection(tokio_postgres::Error),
    #[error(transparent)]
    Pool(PoolError),
}

impl From<tokio_postgres::Error> for Cause {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(error) => Self::Server(Box::new(Refusal::of(error))),
            None => Self::Connection(error),
        }
    }
}

impl From<tokio_postgres::Error> for CallError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Statement(error.into())
    }
}

impl From<PoolError> for CallError {
    fn from(error: PoolError) -> Self {
        Self::Checkout(match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                error.into()
            }
            other => Cause::Pool(other),
        })
    }
}

impl CallError {
    /// What the server said to the statement, if it said anything.
    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Statement(Cause::Server(refusal)) => Some(refusal),
            _ => None,
        }
    }

    /// What the server said, if it said that it failed; then nothing was written.
    pub(crate) fn code(&self) -> Option<&SqlState> {
        self.refusal().map(|refusal| &refusal.code)
    }

    /// Whether it was undone in favour of others who did the same, so that another try is
    /// as good as the first.
    pub(crate) fn is_undone(&self) -> bool {
        matches!(
            self.code(),
            Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
        )
    }

    /// Whether a row with the same key was there.
    pub(crate) fn violates(&self, constraint: &str) -> bool {
        self.refusal().is_some_and(|refusal| {
            refusal.code == SqlState::UNIQUE_VIOLATION
                && refusal.constraint.as_deref() == Some(constraint)
        })
    }

    /// Whether the connection gives no answers, or none that count, where a fresh one may.
    pub(crate) fn condemns_connection(&self) -> bool {
        match (self, self.code()) {
            (Self::Timeout, _) | (_, None) => true,
            // "Operator intervention": the server is stopping, or somebody has ended the
            // connection.
            (_, Some(code)) => self.is_read_only() || code.code().starts_with("57P"),
        }
    }

    /// Whether the server accepts no writes, or is a standby. Nothing was written.
    pub(crate) fn is_read_only(&self) -> bool {
        // The latter is how a look-up on a standby ends.
        matches!(
            self.code(),
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION | &SqlState::INVALID_TEXT_REPRESENTATION)
        )
    }
}

impl From<CallError> for OpenError {
    fn from(error: CallError) -> Self {
        Self::Database(error.into())
    }
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        CallError::from(error).into()
    }
}

impl From<CallError> for StoreError {
    fn from(error: CallError) -> Self {
        match error.code() {
            Some(&SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED) => Self::corrupt(error),
            _ => Self::unavailable(error),
        }
    }
}
