use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use crate::epoch::Epoch;
use crate::protocol::{Idk, Suk, Vuk};

/// A random number that a row gets with every write. Never the same twice, so that a row
/// removed and created again is not mistaken for the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(u64);

impl Version {
    /// Creates a version from `number`, which must be random for a new one.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Whose account an identity signs in to: the application's own name for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserId(Box<str>);

impl UserId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Box<str>>> From<T> for UserId {
    fn from(name: T) -> Self {
        Self(name.into())
    }
}

impl FromStr for UserId {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(Self(name.into()))
    }
}

serde_as_text!(UserId);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A live identity.
///
/// *Cryptography*, "How SQRL Identities are Associated and Locked".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Given back to the owner's client.
    pub suk: Suk,
    /// Verifies the owner's unlock request signatures.
    pub vuk: Vuk,
    /// Whose account it signs in to, if it is linked.
    pub user: Option<UserId>,
    /// The owner asks that no other way of signing in touch the account.
    pub sqrlonly: bool,
    /// The owner asks that no out-of-band recovery touch the account.
    pub hardlock: bool,
    /// Nobody signs in with it until it is enabled.
    pub disabled: bool,
    /// Changes with every disable, enable and rekey.
    pub epoch: Epoch,
    /// Changes with every write.
    pub version: Version,
    /// How many keys that were never live here it has had superseded: 16 at most.
    pub strangers: u8,
}

/// What a store knows of one key.
///
/// *On The Wire*, "Handling Superseded Identities".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// Nothing.
    Unknown,
    /// It is an identity's current key.
    Live(Identity),
    /// Its owner has left it behind, for ever.
    Superseded,
}

impl KeyState {
    /// What a later write has to find.
    pub fn presence(&self) -> Presence {
        match self {
            Self::Unknown => Presence::Absent,
            Self::Live(identity) => Presence::Live(identity.version),
            Self::Superseded => Presence::Superseded,
        }
    }
}

/// A key's state as far as a compare-and-swap compares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// No row.
    Absent,
    /// A live row of this version.
    Live(Version),
    /// A superseded row.
    Superseded,
}

/// Everything about a request's keys at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The identity key's state.
    pub idk: KeyState,
    /// The previous identity key's, if one was asked for.
    pub pidk: Option<KeyState>,
}

impl Lookup {
    /// The states by key, for stores that read rows in any order.
    pub fn from_rows(
        idk: &Idk,
        pidk: Option<&Idk>,
        rows: impl IntoIterator<Item = (Idk, KeyState)>,
    ) -> Self {
        let mut lookup = Self { idk: KeyState::Unknown, pidk: pidk.map(|_| KeyState::Unknown) };
        for (key, state) in rows {
            if key == *idk {
                lookup.idk = state;
            } else if Some(&key) == pidk {
                lookup.pidk = Some(state);
            }
        }
        lookup
    }
}
