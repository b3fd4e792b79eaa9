//! What can go wrong, in words for the person who signs in.

use std::fmt;

use ::http::StatusCode;

use crate::http::HttpError;
use crate::identity::UnlockError;
use crate::keys::WeakSuk;
use crate::wire::{Ask, Command, Reply, ReplyError, Tif};

/// Why a sign-in, or another command, did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The site did not answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The site answered something that is not SQRL, so the exchange ends.
    #[error("{}", not_a_reply(url, *status, source))]
    Reply {
        /// Where the request went.
        url: String,
        /// The answer's status, which says nothing about SQRL itself.
        status: StatusCode,
        /// What is wrong with the body.
        source: ReplyError,
    },
    /// The site said no.
    #[error("{refusal}")]
    Refused {
        /// In words.
        refusal: Refusal,
        /// The reply that said so.
        reply: Box<Reply>,
    },
    /// The command needs the unlock keys.
    #[error("{reason}: {source}")]
    Locked {
        /// What they are needed for.
        reason: &'static str,
        /// Why they cannot be had.
        source: UnlockError,
    },
    /// The site knows the identity but gave no `suk`, without which nothing can be unlocked.
    #[error("the site did not give back the server unlock key (suk) that this command needs")]
    NoSuk,
    /// The site's `suk` is a trap.
    #[error(transparent)]
    WeakSuk(#[from] WeakSuk),
    /// The site asks something and the client has no answer
    /// ([`Client::with_answer`](crate::Client::with_answer)): the exchange ends before the
    /// command is sent, so nothing has happened and nobody is signed in. The question is
    /// inside. The link is spent; a new one, from a page that is opened again, is for the next try.
    #[error(
        "the site asks: \"{}\"; answer by choosing a button ({})",
        .0.printable(),
        buttons(.0)
    )]
    Asked(Box<Ask>),
    /// The person cancelled at the site's question or the client's own.
    #[error("cancelled")]
    Cancelled,
    /// `cps` was asked for and the site gave no usable `url`.
    #[error("the site gave no address for the signed-in session, though cps was asked for")]
    NoUrl,
}

/// What a site's flags mean for the command that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// `tif` 200: a newer identity has taken this one's place.
    Superseded,
    /// `tif` 8: disabled.
    Disabled,
    /// Neither 1 nor 2: the site does not know this identity.
    Unknown,
    /// `tif` 20 twice: the page has expired.
    Expired,
    /// Exactly 40: the site saw another address than the browser's.
    OtherAddress,
    /// `tif` 100: the link belongs to another identity.
    OtherIdentity,
    /// `tif` 10: the site does not know the command.
    Unsupported(Command),
    /// `tif` 80: the site found the request itself wrong.
    Rejected(Tif),
    /// `tif` 40 with nothing more: the site refuses.
    Failed(Command, Tif),
}

impl Error {
    /// What the site refused with, if it did.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// The reply that refused.
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
                "this identity was superseded by a newer one: bring the newer identity from \
                 the device where it was made, and sign in with that",
            ),
            Self::Disabled => f.write_str(
                "SQRL is disabled for this account: enable it with the rescue code, then sign in",
            ),
            Self::Unknown => f.write_str(
                "the site does not know this identity, so there is nothing to do: sign in first",
            ),
            Self::Expired => {
                f.write_str("the page has expired: reload it and try again with its new link")
            }
            Self::OtherAddress => f.write_str(
                "the site saw this client at another address than the browser that shows the \
                 page: if the page is really yours, on another device, say so with noiptest",
            ),
            Self::OtherIdentity => f.write_str(
                "this link belongs to another identity: sign in with that one, or reload the page",
            ),
            Self::Unsupported(command) => write!(f, "the site does not support `{command}`"),
            Self::Rejected(tif) => write!(
                f,
                "the site rejected the request as malformed or wrongly signed (tif {tif}): \
                 reload the page and try again",
            ),
            Self::Failed(Command::Ident, tif) => write!(
                f,
                "the site refused to sign this identity in (tif {tif}): it may take no new ones, \
                 or want a pause after several failures",
            ),
            Self::Failed(command, tif) => write!(f, "the site refused `{command}` (tif {tif})"),
        }
    }
}

impl Refusal {
    /// What a reply to a command means; `None` is success.
    pub fn of(reply: &Reply, command: &Command, noiptest: bool) -> Option<Self> {
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

/// With another status, what has nothing of a reply comes from no SQRL server at all, and what
/// it lacks explains nothing. The query stays out: it is the nut.
fn not_a_reply(url: &str, status: StatusCode, source: &ReplyError) -> String {
    let url = url.split('?').next().unwrap_or_default();
    match (status, source) {
        (StatusCode::OK, _) => format!("the answer of {url} is not a SQRL reply: {source}"),
        (_, ReplyError::Empty | ReplyError::List(_)) => format!(
            "HTTP {status} from {url}, and no SQRL reply: perhaps the site's SQRL layer is not at \
             this path"
        ),
        _ => format!("HTTP {status} from {url}, and not a SQRL reply: {source}"),
    }
}

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
