//! The records that a [`NutStore`](super::NutStore) keeps.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::epoch::Epoch;
use crate::protocol::{Ask, Button, Command, Idk, Nut, base64url};

use super::wait::WaitId;

/// The record of a nut that a client may answer, or of the outcome of a chain.
///
/// A chain begins with the nut of a sign-in URL. Each reply to a client brings the next nut.
///
/// ```
/// use tower_sqrl_core::nuts::{Digest, NutInfo, Timestamp, WaitId};
/// use tower_sqrl_core::protocol::{Idk, Nut};
///
/// let (nut, wait) = (Nut::from_bytes([1; 16]), WaitId::of_secret(&[2; 16]));
/// let (ip, now) = ([192, 0, 2, 1].into(), Timestamp::from_millis(1_800_000_000_000));
/// let first = NutInfo::first(nut, wait, ip, now, Digest::of("sqrl://example.com/cli.sqrl?nut=…"));
///
/// let later = Timestamp::from_millis(now.as_millis() + 5_000);
/// let mut next = first.next(later, Digest::of("ver=1…"));
/// next.idk = Some(Idk::from_bytes([3; 32]));
/// assert_eq!((next.first_nut, next.chain_start, next.step), (nut, now, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each a field of its own")]
pub struct NutInfo {
    /// When this nut was issued, or the outcome stored.
    pub created: Timestamp,
    /// When the chain's first nut was issued. A chain has a lifetime of its own.
    pub chain_start: Timestamp,
    /// The address that requested the sign-in URL.
    pub ip: IpAddr,
    /// The nut of the sign-in URL.
    pub first_nut: Nut,
    /// The key of the chain's outcome.
    pub wait: WaitId,
    /// Digest of what the server sent with this nut, decoded: the sign-in URL, or the lines of a
    /// reply.
    pub sent: Digest,
    /// Number of nuts that the chain had before this one. It stays at 255.
    pub step: u8,
    /// The identity that the chain belongs to: the first that signed a request. A sign-in URL for one
    /// identity has it from the start.
    pub idk: Option<Idk>,
    /// A question for the user. The first reply that may carry it does.
    pub ask: Option<Box<Ask>>,
    /// Whether the server sent the question with this nut.
    pub asked: bool,
    /// Whether the server asked for an indexed secret with this nut.
    pub sin_sent: bool,
    /// Whether only a client at the address that requested the sign-in URL may answer, with
    /// `noiptest` or without.
    pub same_address_only: bool,
    /// Whether the site accepts a new identity with this sign-in URL, even if it accepts no others.
    pub accepts_new: bool,
    /// The nut that this one is an alias of. A refusal that consumes no nut brings an alias of the
    /// nut that the client sent. The alias is valid as long as that nut, and a request consumes both
    /// or neither.
    pub alias_of: Option<Box<Nut>>,
    /// What the application gets with the sign-in.
    pub attached: Attachments,
    /// How the chain ended. Only an outcome has it.
    pub outcome: Option<Outcome>,
}

impl NutInfo {
    /// Creates the record of a sign-in URL's nut, which begins a chain at `now`. `ip` is the address
    /// that requested the URL, and `sent` the digest of the URL.
    ///
    /// The chain belongs to no identity yet, asks nothing and has nothing attached.
    pub fn first(nut: Nut, wait: WaitId, ip: IpAddr, now: Timestamp, sent: Digest) -> Self {
        Self {
            created: now,
            chain_start: now,
            ip,
            first_nut: nut,
            wait,
            sent,
            step: 0,
            idk: None,
            ask: None,
            asked: false,
            sin_sent: false,
            same_address_only: false,
            accepts_new: false,
            alias_of: None,
            attached: Attachments::default(),
            outcome: None,
        }
    }

    /// Creates the record of the nut that follows this one, issued at `now`. `sent` is the digest of
    /// the reply that brings it.
    ///
    /// The chain's own properties stay. With the new nut nothing has been asked yet, and it is no alias.
    #[must_use]
    pub fn next(&self, now: Timestamp, sent: Digest) -> Self {
        Self {
            created: now,
            sent,
            step: self.step.saturating_add(1),
            asked: false,
            sin_sent: false,
            alias_of: None,
            ..self.clone()
        }
    }

    /// Creates an outcome of this chain, stored at `now`. `idk` is the identity that it belongs to, if
    /// any. It has nothing attached.
    #[must_use]
    pub fn ended(&self, now: Timestamp, idk: Option<Idk>, outcome: Outcome) -> Self {
        let chain = Self::first(self.first_nut, self.wait, self.ip, now, self.sent);
        Self { chain_start: self.chain_start, idk, outcome: Some(outcome), ..chain }
    }

    /// Returns whether this is an outcome that says *signed in*.
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
        /// The identity's epoch at that moment. The sign-in is valid while the identity has it.
        epoch: Epoch,
    },
    /// The client brings the sign-in to a browser itself (CPS). The page gets nothing.
    TakenOver,
    /// The page has collected it.
    Collected,
    /// An `ident` was refused. It is stored under [`WaitId::refusal`], not in place of the outcome.
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

/// What a chain brings to the application.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Attachments {
    /// Bytes that the application has given for the sign-in URL.
    pub data: Option<Box<[u8]>>,
    /// The answer to the question.
    pub button: Option<Button>,
    /// The indexed secrets, sealed so that no store can read them.
    pub sealed: Option<Box<[u8]>>,
    /// Whether the question has no buttons, so that [`Button::Ok`] means yes.
    pub ok_means_yes: bool,
    /// Whether the client that signed in had the address that requested the sign-in URL.
    pub same_address: bool,
}

/// Shows only the lengths, in octets, of the application's data and of what is sealed.
impl fmt::Debug for Attachments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachments")
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

/// The destination of a CPS URL.
///
/// *Operating Details*, "What, exactly, is CPS?"
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CpsInfo {
    /// The identity key that signed the command.
    pub idk: Idk,
    /// The identity's epoch just after the command. The sign-in is valid while the identity has this
    /// epoch.
    pub epoch: Epoch,
    /// The command. Only the URL of an `ident` signs in.
    pub command: Command,
    /// The address that requested the sign-in URL.
    pub ip: IpAddr,
    /// The wait id of the sign-in URL that the command answered.
    pub wait: WaitId,
    /// What the application gets with the sign-in.
    pub attached: Attachments,
}

impl CpsInfo {
    /// Creates a record with nothing attached.
    pub fn new(idk: Idk, epoch: Epoch, command: Command, ip: IpAddr, wait: WaitId) -> Self {
        Self { idk, epoch, command, ip, wait, attached: Attachments::default() }
    }
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
