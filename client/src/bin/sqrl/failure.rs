//! The error of a command.

/// Any error. Its message is shown to the user.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
