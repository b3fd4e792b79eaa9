use std::error::Error;
use std::fmt;

/// The error of a store.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`StoreError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A live record already has that key.
    Conflict,
    /// The store is unreachable or too slow. The call may have taken effect.
    Unavailable,
    /// The store contains a record that this release cannot read.
    Corrupt,
}

impl StoreError {
    /// Creates an error of the kind [`Conflict`](StoreErrorKind::Conflict).
    pub fn conflict() -> Self {
        Self { kind: StoreErrorKind::Conflict, source: None }
    }

    /// Creates an error of the kind [`Unavailable`](StoreErrorKind::Unavailable).
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: StoreErrorKind::Unavailable, source: Some(source.into()) }
    }

    /// Creates an error of the kind [`Corrupt`](StoreErrorKind::Corrupt).
    pub fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: StoreErrorKind::Corrupt, source: Some(source.into()) }
    }

    /// Returns the kind.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Returns whether the kind is [`Conflict`](StoreErrorKind::Conflict).
    pub fn is_conflict(&self) -> bool {
        self.kind == StoreErrorKind::Conflict
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Conflict => "the store has a live record under that key",
            StoreErrorKind::Unavailable => "the store cannot be reached",
            StoreErrorKind::Corrupt => "the store holds a record that cannot be read",
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
