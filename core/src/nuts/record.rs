//! The records that a [`NutStore`](super::NutStore) keeps.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::epoch::Epoch;
use crate::protocol::{Ask, Button, Command, Idk, Nut, base64url};

use super::wait::WaitId;

/// One record of a chain: of a nut that may still be answered, or of the outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each a field of its own")]
pub struct NutInfo {
    /// When this nut, or outcome, was made.
    pub created: Timestamp,
    /// When the chain's link was made; a chain has a lifetime of its own.
    pub chain_start: Timestamp,
    /// The address that asked for the link.
    pub ip: IpAddr,
    /// The link's nut.
    pub first_nut: Nut,
    /// Under which the chain's outcome is filed.
    pub wait: WaitId,
    /// Digest of what was sent with this nut, decoded: the link, or the reply's lines.
    pub sent: Digest,
    /// The identity that the chain belongs to, once one has been proved; from the start
    /// for a link made for somebody who is signed in.
    pub idk: Option<Idk>,
    /// A question for the user, put with the first reply that may carry it.
    pub ask: Option<Box<Ask>>,
    /// Whether what was sent with this nut carried the question.
    pub asked: bool,
    /// Whether what was sent with this nut asked for an indexed secret.
    pub sin_sent: bool,
    /// Whether only a client at the address that asked for the link may answer, with `noiptest` or
    /// without.
    pub same_address_only: bool,
    /// Whether the site accepts a new identity by this link even if it accepts no others.
    pub accepts_new: bool,
    /// The nut that this one is an alias of. A refusal that consumes no nut is sent with an alias of
    /// the nut that the request brought. The alias is valid as long as that nut, and a request
    /// consumes both or neither.
    pub beside: Option<Box<Nut>>,
    /// What goes to the application with the sign-in.
    pub attached: Attached,
    /// How the chain ended; only in an outcome.
    pub outcome: Option<Outcome>,
}

impl NutInfo {
    /// Whether this is an outcome that says *signed in*.
    pub fn is_signed_in(&self) -> bool {
        matches!(self.outcome, Some(Outcome::SignedIn { .. }))
    }

    /// Returns whether this is an outcome after which the wait yields no sign-in.
    pub fn is_final(&self) -> bool {
        matches!(self.outcome, Some(Outcome::TakenOver | Outcome::Collected))
    }
}

/// How a chain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The page that waits may collect the sign-in.
    SignedIn {
        /// The identity's at that moment; the sign-in holds as long as it is.
        epoch: Epoch,
    },
    /// The client hands the sign-in to a browser itself (CPS); the page gets nothing.
    TakenOver,
    /// The page has collected it.
    Collected,
    /// An `ident` was refused. Stored under [`WaitId::refusal`], beside the outcome.
    Refused(Refusal),
}

/// Why an `ident` was refused, for the page that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The identity is new, and the site accepts no new identities.
    New,
    /// The identity is disabled.
    Disabled,
    /// The identity's owner has replaced its key.
    Superseded,
}

/// What travels with a chain to the application.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Attached {
    /// The application's own bytes, given when the link was made.
    pub data: Option<Box<[u8]>>,
    /// The answer to the question.
    pub button: Option<Button>,
    /// The indexed secrets, sealed so that no store can read them.
    pub sealed: Option<Box<[u8]>>,
    /// Whether the answer is to a question without buttons, so that [`Button::Ok`] means yes.
    pub ok_means_yes: bool,
    /// Whether the client that signed in came from the address that asked for the link.
    pub same_address: bool,
}

/// Of what is the application's, or sealed, the lengths in octets alone.
impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached")
            .field("data", &self.data.as_ref().map(|data| data.len()))
            .field("button", &self.button)
            .field("sealed", &self.sealed.as_ref().map(|sealed| sealed.len()))
            .field("ok_means_yes", &self.ok_means_yes)
            .field("same_address", &self.same_address)
            .finish()
    }
}

/// SHA-256 of what was sent with a nut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(sent: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(sent).into())
    }

    /// A digest that comes back from a store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// The 128 random bits of a CPS URL. 22 characters of base64url; a secret until it is used.
///
/// *Operating Details*, "Handling CPS Details".
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CpsId([u8; 16]);

impl CpsId {
    /// An id of these bytes, which have to be unpredictable.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The id's 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads the one spelling that an id has.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<Nut>().ok().map(|nut| Self(*nut.as_bytes()))
    }

    /// The text for a URL. There is no `Display`, so that no id is written by accident.
    pub fn to_text(&self) -> String {
        base64url::encode(self.0)
    }
}

impl fmt::Debug for CpsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CpsId(…)")
    }
}

/// What a CPS URL leads to.
///
/// *Operating Details*, "What, exactly, is CPS?"
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpsInfo {
    /// Who sent the command.
    pub idk: Idk,
    /// The identity's epoch just after the command; a sign-in holds as long as it is the
    /// identity's.
    pub epoch: Epoch,
    /// The command; only `ident`'s URL signs in.
    pub command: Command,
    /// The address that asked for the link.
    pub ip: IpAddr,
    /// The wait of the link that the command answered.
    pub wait: WaitId,
    /// What goes to the application with the sign-in.
    pub attached: Attached,
}

/// A moment on the servers' wall clock: milliseconds since 1970.
///
/// Servers that share a store have their clocks kept within a second or so of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment so many milliseconds after the beginning of 1970 (UTC).
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the beginning of 1970 (UTC).
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time from `earlier` until this moment; none if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
