//! Why there is no report, and why an attack could not be tried.

use std::net::SocketAddr;

use ::http::StatusCode;

use crate::browser::BrowserError;
use crate::error::Error;
use crate::http::HttpError;
use crate::link::LinkError;

/// Why nothing can be said about a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttackError {
    /// Not something to aim at.
    #[error("{0} is not a web address")]
    Address(String),
    /// Not a page of that server.
    #[error("{0} is not the address of a linking page")]
    LinkingPage(String),
    /// The host's name cannot be looked up.
    #[error("cannot look up the host: {0}")]
    Name(#[from] std::io::Error),
    /// Somebody else's server, as far as anybody can tell.
    #[error(
        "{0} is not on this machine: attack only a server of your own, and say so with \
         `this-server-is-mine`"
    )]
    NotLoopback(SocketAddr),
    /// An honest sign-in does not work, so that a refusal would say nothing.
    #[error("an honest sign-in does not work here, so nothing can be said: {0}")]
    Control(String),
}

/// An honest step went wrong, so that the attack around it says nothing.
#[derive(Debug)]
pub(super) struct Trouble(pub(super) String);

impl Trouble {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// A limiter or a failure is in the way of the guards, and says nothing about them.
pub(super) fn not_busy(status: StatusCode) -> Result<(), Trouble> {
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return Err(Trouble::new(format!("the site answers HTTP {}", status.as_u16())));
    }
    Ok(())
}

macro_rules! trouble {
    ($($error:ty),*) => {$(
        impl From<$error> for Trouble {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        }
    )*};
}

trouble!(BrowserError, Error, HttpError, LinkError);
