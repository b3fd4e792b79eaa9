use std::error::Error;
use std::fmt;
use std::io;

use rusqlite::ErrorCode;
use thiserror::Error;
use tower_sqrl::store::StoreError;

/// Why a database could not be opened.
///
/// `Debug` says the same and every cause: that is what a `main` that returns it prints.
#[derive(Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A newer release of this crate has been here, and its tables mean other things.
    #[error(
        "the database's `{part}` tables are of version {found}, and this release knows only \
         versions up to {known}: upgrade tower-sqrl-sqlite"
    )]
    Newer {
        /// Which tables: `identity` or `nut`.
        part: &'static str,
        /// The version in the database.
        found: u32,
        /// The highest version that this release knows.
        known: u32,
    },
    /// The file cannot be opened, or is not a database, or its disk is full.
    #[error("the database cannot be opened or brought up to date")]
    Database(#[source] Box<dyn Error + Send + Sync>),
    /// The store's thread cannot be started.
    #[error("the database's thread cannot be started")]
    Thread(#[source] io::Error),
}

impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut causes = std::iter::successors(self.source(), |&error| error.source());
        causes.try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}

/// A damaged file, or a row that is not as we write them, is corrupt; the rest may pass.
pub(crate) fn store_error(error: rusqlite::Error) -> StoreError {
    match &error {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..) => StoreError::corrupt(error),
        _ => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::corrupt(error)
            }
            _ => StoreError::unavailable(error),
        },
    }
}
