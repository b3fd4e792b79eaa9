//! Errors of commands, with messages for the user.

use std::fmt;

use ::http::StatusCode;

use crate::http::HttpError;
use crate::identity::UnlockError;
use crate::keys::WeakSuk;
use crate::wire::{Ask, Command, Reply, ReplyError, Tif};

/// Reasons why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The site sent no response.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The response is not a SQRL reply.
    #[error("{}", not_a_reply(url, *status, source))]
    Reply {
        /// The URL of the request.
        url: String,
        /// The HTTP status. In SQRL it has no meaning, but it often explains the failure.
        status: StatusCode,
        /// The rule that the body breaks.
        source: ReplyError,
    },
    /// The site refused the command.
    #[error("{refusal}")]
    Refused {
        /// The reason.
        refusal: Refusal,
        /// The reply that refused.
        reply: Box<Reply>,
    },
    /// The command needs the unlock keys, and the identity is locked.
    #[error("{reason}: {source}")]
    Locked {
        /// Why the command needs them.
        reason: &'static str,
        /// Why they are unavailable.
        source: UnlockError,
    },
    /// The site knows the identity and returned no `suk`, which the command needs.
    #[error("the site did not return the server unlock key (suk) that this command needs")]
    NoSuk,
    /// The site's `suk` is a weak key.
    #[error(transparent)]
    WeakSuk(#[from] WeakSuk),
    /// The site asks a question, and the client has no answer
    /// ([`Client::with_answer`](crate::Client::with_answer)).
    ///
    /// The command was not sent, and nobody is signed in. The nut is used up: reload the page
    /// and retry with its new SQRL URL.
    #[error(
        "the site asks: \"{}\"; answer with a button ({})",
        .0.printable(),
        buttons(.0)
    )]
    Asked(Box<Ask>),
    /// The user cancelled the sign-in.
    #[error("cancelled")]
    Cancelled,
    /// The client set `cps`, and the site returned no usable `url`.
    #[error("the site returned no URL for the browser (url=), although the client set cps")]
    NoUrl,
}

/// Reasons why a site refused a command, from the flags of its reply.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// `tif` 200: a newer identity has replaced this one.
    Superseded,
    /// `tif` 8: the identity is disabled.
    Disabled,
    /// Neither `tif` 1 nor 2: the site does not know the identity.
    Unknown,
    /// `tif` 20, also after the retry: the SQRL URL has expired.
    Expired,
    /// `tif` is exactly 40: the client and the browser have different addresses.
    OtherAddress,
    /// `tif` 100: the nut belongs to another identity.
    OtherIdentity,
    /// `tif` 10: the site does not support the command.
    Unsupported(Command),
    /// `tif` 80: the request was malformed, or a signature did not verify.
    Rejected(Tif),
    /// `tif` 40 and no other reason.
    Failed(Command, Tif),
}

impl Error {
    /// Returns the reason, if the site refused the command.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// Returns the reply that refused the command, if there is one.
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Refused { reply, .. } => Some(reply),
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Superseded => f.write_str(
                "a newer identity has replaced this one; sign in with the newer identity",
            ),
            Self::Disabled => f.write_str(
                "this identity is disabled; enable it with the rescue code, then sign in",
            ),
            Self::Unknown => f.write_str("the site does not know this identity; sign in first"),
            Self::Expired => {
                f.write_str("the SQRL URL has expired; reload the page and use its new URL")
            }
            Self::OtherAddress => f.write_str(
                "this client and the browser that shows the page have different addresses; if \
                 the page is on a device of yours, retry with noiptest",
            ),
            Self::OtherIdentity => f.write_str(
                "this SQRL URL belongs to another identity; use that identity, or reload the page",
            ),
            Self::Unsupported(command) => write!(f, "the site does not support `{command}`"),
            Self::Rejected(tif) => write!(
                f,
                "the site rejected the request as malformed or wrongly signed (tif {tif}); \
                 reload the page and retry",
            ),
            Self::Failed(Command::Ident, tif) => write!(
                f,
                "the site refused to sign this identity in (tif {tif}); it may accept no new \
                 identities, or limit the rate of requests",
            ),
            Self::Failed(command, tif) => write!(f, "the site refused `{command}` (tif {tif})"),
        }
    }
}

impl Refusal {
    /// Returns why a reply refuses a command, or `None` if the command succeeded.
    ///
    /// `noiptest` says whether the request set that option.
    pub fn from_reply(reply: &Reply, command: &Command, noiptest: bool) -> Option<Self> {
        let has = |bits| reply.has(bits);
        if has(Tif::SUPERSEDED) {
            return Some(Self::Superseded);
        }
        if !has(Tif::FAILED) {
            return None;
        }
        let known = has(Tif::CURRENT) || has(Tif::PREVIOUS);
        Some(match command {
            _ if has(Tif::BAD_ID) => Self::OtherIdentity,
            _ if has(Tif::TRANSIENT) => Self::Expired,
            _ if has(Tif::UNSUPPORTED) => Self::Unsupported(command.clone()),
            _ if has(Tif::CLIENT_FAILURE) => Self::Rejected(reply.tif),
            _ if reply.tif == Tif::FAILED && !noiptest => Self::OtherAddress,
            Command::Ident if has(Tif::DISABLED) => Self::Disabled,
            Command::Disable | Command::Enable | Command::Remove if !known => Self::Unknown,
            _ => Self::Failed(command.clone(), reply.tif),
        })
    }
}

/// Returns the message of [`Error::Reply`].
///
/// If the status is not 200 and the body is nothing like a reply, the broken rule does not
/// help: no SQRL server has answered. The query is left out because it is the nut.
fn not_a_reply(url: &str, status: StatusCode, source: &ReplyError) -> String {
    let url = url.split('?').next().unwrap_or_default();
    match (status, source) {
        (StatusCode::OK, _) => format!("the response from {url} is not a SQRL reply: {source}"),
        (_, ReplyError::Empty | ReplyError::List(_)) => format!(
            "HTTP {status} from {url}, and no SQRL reply; check that the site serves SQRL at \
             this path"
        ),
        _ => format!("HTTP {status} from {url}, and an invalid SQRL reply: {source}"),
    }
}

/// Lists the buttons of a question with their numbers.
fn buttons(ask: &Ask) -> String {
    match ask.buttons.as_slice() {
        [] => "0: OK".to_owned(),
        buttons => {
            let numbered = buttons.iter().zip(1..);
            let texts: Vec<_> = numbered.map(|(b, n)| format!("{n}: {}", b.printable())).collect();
            texts.join(", ")
        }
    }
}
