use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use crate::epoch::Epoch;
use crate::protocol::{Idk, Suk, Vuk};

/// A random number that changes with every write of a row, so that a row that was removed and created
/// again has another version.
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

/// The application's name of the account that an identity signs in to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserId(Box<str>);

impl UserId {
    /// Returns the name as text.
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
///
/// A store keeps every field. Its rows become identities again with [`Identity::new`], after which it
/// sets the other fields.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The server unlock key, which the server returns to the owner's client.
    pub suk: Suk,
    /// The key that verifies the owner's unlock request signatures.
    pub vuk: Vuk,
    /// The account that the identity is linked with.
    pub user: Option<UserId>,
    /// The owner wants no other way of signing in to the account.
    pub sqrlonly: bool,
    /// The owner wants no out-of-band recovery of the account.
    pub hardlock: bool,
    /// The owner disabled the identity: it cannot sign in until the owner enables it.
    pub disabled: bool,
    /// Changes with every disable, enable and rekey.
    pub epoch: Epoch,
    /// Changes with every write.
    pub version: Version,
    /// The number of superseded keys that this site never saw as current, at most 16.
    pub never_current_keys: u8,
}

impl Identity {
    /// Creates an enabled identity without an account and without flags. `never_current_keys` is 0.
    pub fn new(suk: Suk, vuk: Vuk, epoch: Epoch, version: Version) -> Self {
        Self {
            suk,
            vuk,
            user: None,
            sqrlonly: false,
            hardlock: false,
            disabled: false,
            epoch,
            version,
            never_current_keys: 0,
        }
    }
}

/// The state of a key in a store.
///
/// *On The Wire*, "Handling Superseded Identities".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// The store has no row for the key.
    Unknown,
    /// The key is the current key of an identity.
    Live(Identity),
    /// The owner has replaced the key permanently.
    Superseded,
}

impl KeyState {
    /// Returns what a later write must find.
    pub fn presence(&self) -> Presence {
        match self {
            Self::Unknown => Presence::Absent,
            Self::Live(identity) => Presence::Live(identity.version),
            Self::Superseded => Presence::Superseded,
        }
    }
}

/// The part of a [`KeyState`] that a compare-and-swap compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// No row.
    Absent,
    /// A live row of this version.
    Live(Version),
    /// A superseded row.
    Superseded,
}

/// The states of a request's keys at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookup {
    /// The state of the identity key.
    pub idk: KeyState,
    /// The state of the previous identity key, if the look-up included one.
    pub pidk: Option<KeyState>,
}

impl Lookup {
    /// Creates the answer to a look-up of an identity key and, if the request has one, its previous
    /// identity key.
    pub fn new(idk: KeyState, pidk: Option<KeyState>) -> Self {
        Self { idk, pidk }
    }

    /// Creates a look-up from rows in any order. A key without a row is unknown.
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
