use std::fmt;
use std::net::IpAddr;

use crate::protocol::{Command, Idk, Nut, base64url};

use super::{Attached, WaitId};
use crate::identity::Epoch;

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
        Nut::parse(text).map(|nut| Self(*nut.as_bytes()))
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
