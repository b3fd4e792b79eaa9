//! What keeps the demo from running.

use std::fmt;
use std::process::ExitCode;

/// Said in one sentence, at start-up.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The command line asks for what cannot be: exit code 2, as with clap.
    Usage(String),
    /// Something outside failed: exit code 1.
    Failed(String),
}

impl Problem {
    pub(crate) fn failed(what: &str, error: &dyn std::error::Error) -> Self {
        Self::Failed(format!("{what}: {}", Chain(error)))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(sentence) | Self::Failed(sentence)) = self;
        f.write_str(sentence)
    }
}

/// An error with what caused it.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
