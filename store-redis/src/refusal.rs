use std::error::Error;
use std::fmt;

use redis::{ErrorKind, RedisError};

/// What Redis says about a failure, as far as it may be logged.
///
/// It repeats the arguments of a command that it does not know, and those hold nuts and
/// CPS ids, records, or a password.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    code: String,
    detail: String,
}

impl Refusal {
    pub(crate) fn of(error: &RedisError) -> Self {
        let code = error.code().unwrap_or_else(|| error.category()).to_owned();
        let detail = match error.kind() {
            ErrorKind::Server(_) | ErrorKind::Extension => error.detail().unwrap_or_default(),
            // What the library says of an answer may show it.
            _ => "",
        };
        let end = detail.find(", with args").unwrap_or(detail.len());
        Self { code, detail: detail[..end].to_owned() }
    }

    /// Whether the user lacks a permission for the command, its key or its channel.
    pub(crate) fn is_about_permission(&self) -> bool {
        self.code == "NOPERM"
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

impl Error for Refusal {}

/// The source of an error that others log.
pub(crate) fn told(
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> Box<dyn Error + Send + Sync> {
    let source = source.into();
    let mut cause: Option<&(dyn Error + 'static)> = Some(&*source);
    while let Some(error) = cause {
        match error.downcast_ref::<RedisError>() {
            Some(error) if !is_ours(error) => return Box::new(Refusal::of(error)),
            _ => cause = error.source(),
        }
    }
    source
}

/// Whether no server said it.
fn is_ours(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::MasterNameNotFoundBySentinel)
}
