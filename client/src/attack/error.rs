//! Errors of a run, and of a single attack.

use std::net::SocketAddr;

use ::http::StatusCode;

use crate::browser::BrowserError;
use crate::error::Error;
use crate::http::HttpError;
use crate::sqrl_url::SqrlUrlError;

/// Reasons why the attacks cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttackError {
    /// The URL of the sign-in page is invalid.
    #[error("{0} is not a valid http or https URL")]
    InvalidUrl(String),
    /// The linking page is not a page of the server.
    #[error("{0} is not a URL or path of a linking page")]
    LinkingPage(String),
    /// The host name cannot be resolved.
    #[error("cannot resolve the host name: {0}")]
    Resolve(#[from] std::io::Error),
    /// The server is on another machine.
    #[error(
        "{0} is not on this machine; attack only your own servers, and confirm that this is one \
         with `this-server-is-mine`"
    )]
    NotLoopback(SocketAddr),
    /// An honest sign-in fails, so refused attacks would prove nothing.
    #[error("an honest sign-in fails, so attacks would prove nothing: {0}")]
    Control(String),
}

/// An honest step failed, so the attack proves nothing.
#[derive(Debug)]
pub(super) struct Inconclusive(pub(super) String);

impl Inconclusive {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Returns an error for a status of a rate limit or a failure. It proves nothing about guards.
pub(super) fn check_not_busy(status: StatusCode) -> Result<(), Inconclusive> {
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return Err(Inconclusive::new(format!("the site returns HTTP {}", status.as_u16())));
    }
    Ok(())
}

macro_rules! inconclusive {
    ($($error:ty),*) => {$(
        impl From<$error> for Inconclusive {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        }
    )*};
}

inconclusive!(BrowserError, Error, HttpError, SqrlUrlError, url::ParseError);
