//! The error of every command.

/// An error that a command reports and ends with.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
