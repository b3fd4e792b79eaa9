use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;
use tower_sqrl_core::StoreError;

/// An error of opening a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The path cannot be that of a database.
    #[error("{path} cannot be a database: {reason}", path = path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The process lacks write permission for the file, its write-ahead log or their directory.
    #[error(
        "no permission to write the database {path}: this process needs write permission for the \
         file, for the files with -wal and -shm behind its name, and for their directory",
        path = path.display()
    )]
    NotPermitted {
        /// The database file.
        path: PathBuf,
        /// The error of SQLite.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A newer release of this crate has changed the tables.
    #[error(
        "the database's `{part}` tables have version {found}, and this release supports versions up \
         to {known}: upgrade tower-sqrl-sqlite"
    )]
    Newer {
        /// The tables: `identity` or `nut`.
        part: &'static str,
        /// Their version in the database.
        found: u32,
        /// The highest version that this release supports.
        known: u32,
    },
    /// The database cannot be opened now: the disk is full, another process locks the file, or the
    /// store's thread cannot be started.
    #[error("the database cannot be opened")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

impl OpenError {
    /// Finds out whether the path is wrong, or may not be written.
    pub(crate) fn at(self, path: &Path) -> Self {
        let Self::Unavailable(source) = self else { return self };
        let Some(error) = source.downcast_ref::<rusqlite::Error>() else {
            return Self::Unavailable(source);
        };
        if let Some(reason) = wrong_path(error, path) {
            return Self::Path { path: path.to_owned(), reason };
        }
        if is_not_writable(error, path) {
            return Self::NotPermitted { path: path.to_owned(), source };
        }
        Self::Unavailable(source)
    }
}

fn wrong_path(error: &rusqlite::Error, path: &Path) -> Option<&'static str> {
    match error.sqlite_error_code()? {
        ErrorCode::NotADatabase => Some("the file is not a SQLite database"),
        ErrorCode::CannotOpen if path.is_dir() => Some("it is a directory"),
        ErrorCode::CannotOpen => {
            let directory = path.parent().filter(|directory| *directory != Path::new(""))?;
            let is_missing = matches!(directory.try_exists(), Ok(false));
            is_missing.then_some("its directory does not exist")
        }
        _ => None,
    }
}

fn is_not_writable(error: &rusqlite::Error, path: &Path) -> bool {
    match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => true,
        // The file or its log cannot be created or opened.
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

/// A damaged file, or a row of another form, is corrupt. Any other error may be temporary.
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
