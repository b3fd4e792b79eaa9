use std::error::Error;
use std::fmt;

use deadpool_postgres::{HookError, PoolError};
use thiserror::Error;
use tokio_postgres::error::{DbError, SqlState};
use tower_sqrl_core::StoreError;

/// An error of opening a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL is invalid.
    #[error("invalid Postgres URL")]
    Url(#[source] Box<dyn Error + Send + Sync>),
    /// The name of the schema or the prefix of the tables is invalid.
    #[error(
        "the schema `{schema}` and the table prefix `{prefix}` must be lower-case ASCII letters, digits \
         and underscores, not begin with a digit, and be no longer than 40 characters together"
    )]
    Name {
        /// The name of the schema.
        schema: String,
        /// The prefix of the tables.
        prefix: String,
    },
    /// The server rejects the user, the password or the name of the database.
    #[error(
        "the database server rejects the connection: check the user, password and database name"
    )]
    Rejected(#[source] Box<dyn Error + Send + Sync>),
    /// The role lacks a privilege.
    #[error(
        "the role `{role}` lacks `{privileges}` on {on}; grant it: \
         `grant {privileges} on {on} to {role}`"
    )]
    NotPermitted {
        /// The role of the connections.
        role: String,
        /// The missing privileges, as in `grant`: `insert, update`.
        privileges: String,
        /// The object, as in `grant`: `table "auth"."sqrl_nut"`.
        on: String,
    },
    /// The server accepts no writes: it is a standby, or `default_transaction_read_only` is on.
    #[error(
        "the database accepts no writes: connect to the primary \
         (`target_session_attrs=read-write`), and check `default_transaction_read_only`"
    )]
    ReadOnly,
    /// The statements shall be prepared, but a pooler lends the connections to others too.
    #[error(
        "the connections lead through a pooler, which confuses prepared statements with those of \
         others: leave out `prepared_statements_on_direct_connections`, or connect to the server itself"
    )]
    Pooler,
    /// A newer release of this crate has changed the tables.
    #[error(
        "the database's `{part}` tables have version {found}, and this release supports versions up \
         to {known}: upgrade tower-sqrl-postgres"
    )]
    Newer {
        /// The tables: `identity` or `nut`.
        part: &'static str,
        /// Their version in the database.
        found: u32,
        /// The highest version that this release supports.
        known: u32,
    },
    /// The database cannot be reached, does not answer in time, or fails to create the tables.
    #[error("the database cannot be reached, or its tables cannot be brought up to date")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// The failure of a call. It is logged, with its causes.
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

/// The cause of a failure, without anything that was sent or stored.
#[derive(Debug, Error)]
pub(crate) enum Cause {
    #[error(transparent)]
    Server(Box<RedactedError>),
    /// Not from the server.
    #[error(transparent)]
    Connection(tokio_postgres::Error),
    #[error(transparent)]
    Pool(PoolError),
}

impl From<tokio_postgres::Error> for Cause {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(error) => Self::Server(Box::new(RedactedError::new(error))),
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
    /// The server's error for the statement, if it is one.
    fn server_error(&self) -> Option<&RedactedError> {
        match self {
            Self::Statement(Cause::Server(error)) => Some(error),
            _ => None,
        }
    }

    /// The code of the server's error. With one, nothing was written.
    pub(crate) fn code(&self) -> Option<&SqlState> {
        self.server_error().map(|error| &error.code)
    }

    /// Whether the server rolled the statement back because of concurrent ones, so that it may be repeated.
    pub(crate) fn is_rolled_back(&self) -> bool {
        matches!(
            self.code(),
            Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
        )
    }

    /// Whether a row has the same key.
    pub(crate) fn violates(&self, constraint: &str) -> bool {
        self.server_error().is_some_and(|error| {
            error.code == SqlState::UNIQUE_VIOLATION
                && error.constraint.as_deref() == Some(constraint)
        })
    }

    /// Whether a new connection may succeed where this one fails.
    pub(crate) fn discards_connection(&self) -> bool {
        match (self, self.code()) {
            (Self::Timeout, _) | (_, None) => true,
            // "Operator intervention": the server stops, or an administrator ended the connection.
            (_, Some(code)) => self.is_read_only() || code.code().starts_with("57P"),
        }
    }

    /// Whether the server accepts no writes, or is a standby. Nothing was written.
    pub(crate) fn is_read_only(&self) -> bool {
        // A look-up on a standby ends with the latter.
        matches!(
            self.code(),
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION | &SqlState::INVALID_TEXT_REPRESENTATION)
        )
    }
}

impl From<CallError> for OpenError {
    fn from(error: CallError) -> Self {
        match &error {
            CallError::Checkout(Cause::Server(refused)) if refused.is_about_login() => {
                Self::Rejected(error.into())
            }
            _ => Self::Unavailable(error.into()),
        }
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

/// An error of the server without the row.
///
/// The server's detail shows the row, with nuts, CPS ids, keys and accounts, and so may its hint and
/// context. These are left out.
#[derive(Debug)]
pub(crate) struct RedactedError {
    code: SqlState,
    constraint: Option<String>,
    table: Option<String>,
    message: String,
}

impl RedactedError {
    /// Whether the server knows no such user or database, or the password is wrong.
    fn is_about_login(&self) -> bool {
        [
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
            SqlState::INVALID_PASSWORD,
            SqlState::INVALID_CATALOG_NAME,
        ]
        .contains(&self.code)
    }

    fn new(error: &DbError) -> Self {
        Self {
            code: error.code().clone(),
            constraint: error.constraint().map(str::to_owned),
            table: error.table().map(str::to_owned),
            message: error.message().to_owned(),
        }
    }
}

impl fmt::Display for RedactedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {}", self.message, self.code.code())?;
        let names = [("table", &self.table), ("constraint", &self.constraint)];
        for (kind, name) in names {
            if let Some(name) = name {
                write!(f, ", {kind} {name}")?;
            }
        }
        f.write_str(")")
    }
}

impl Error for RedactedError {}
