use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;
use tower_sqrl_core::StoreError;

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
    /// This process may not write the file, its write-ahead log or their directory.
    #[error(
        "no permission to write the database {path}: this process needs write permission for \
         the file, for the files with -wal and -shm behind its name, and for their directory",
        path = path.display()
    )]
    NotWritable {
        /// The database file.
        path: PathBuf,
        /// What SQLite reports.
        #[source]
        source: Box<dyn Error + Send + Sync>,
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

impl OpenError {
    /// Names the file if the error is that it may not be written.
    pub(crate) fn at(self, path: &Path) -> Self {
        match self {
            Self::Database(source)
                if let Some(error) = source.downcast_ref::<rusqlite::Error>()
                    && is_not_writable(error, path) =>
            {
                Self::NotWritable { path: path.to_owned(), source }
            }
            other => other,
        }
    }
}

fn is_not_writable(error: &rusqlite::Error, path: &Path) -> bool {
    match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => true,
        // The file, or its log, cannot be made or opened.
        Some(ErrorCode::CannotOpen) => match std::fs::metadata(path) {
            Ok(file) => file.is_file(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match path.parent() {
                Some(directory) if directory != Path::new("") => directory.is_dir(),
                _ => true,
            },
            Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
        },
        _ => false,
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
