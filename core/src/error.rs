use std::error::Error;
use std::fmt;

/// Why a store did not do what it was asked.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`StoreError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A live record stands under that key.
    Conflict,
    /// The store cannot be reached, or not in time. The call may have had its effect.
    Unavailable,
    /// The store holds something that this release cannot read.
    Corrupt,
}

impl StoreError {
    /// A live record stands under that key.
    pub fn conflict() -> Self {
        Self { kind: StoreErrorKind::Conflict, source: None }
    }

    /// The store cannot be reached, or not in time.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: StoreErrorKind::Unavailable, source: Some(source.into()) }
    }

    /// The store holds something that cannot be read.
    pub fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: StoreErrorKind::Corrupt, source: Some(source.into()) }
    }

    /// Which kind it is.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Whether it is [`StoreErrorKind::Conflict`].
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
