//! The Transaction Information Flags of a reply.

use std::fmt;
use std::str::FromStr;

/// The flags of a reply (`tif`). They describe the state after the command.
///
/// Displayed and parsed as hexadecimal digits of either case, without prefix or sign.
/// `Debug` adds the names of the flags.
///
/// *On The Wire*, "TIF Bits and Client Server Interaction Details".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Tif(pub u32);

impl Tif {
    /// The site knows the current identity.
    pub const CURRENT: Self = Self(0x01);
    /// The site knows the previous identity that the request names.
    pub const PREVIOUS: Self = Self(0x02);
    /// The client has the address that requested the SQRL URL.
    pub const IP_MATCH: Self = Self(0x04);
    /// The identity is disabled.
    pub const DISABLED: Self = Self(0x08);
    /// The server does not support the command.
    pub const UNSUPPORTED: Self = Self(0x10);
    /// A transient error: the client may retry with the new nut.
    pub const TRANSIENT: Self = Self(0x20);
    /// The command failed.
    pub const FAILED: Self = Self(0x40);
    /// The request was malformed, or a signature did not verify.
    pub const CLIENT_FAILURE: Self = Self(0x80);
    /// The nut belongs to another identity.
    pub const BAD_ID: Self = Self(0x100);
    /// A newer identity has replaced this one.
    pub const SUPERSEDED: Self = Self(0x200);

    /// The flags of SQRL version 1. A client stops if any other flag is set.
    pub const DEFINED: Self = Self(0x3ff);

    const NAMES: [(Self, &'static str); 10] = [
        (Self::CURRENT, "current identity known"),
        (Self::PREVIOUS, "previous identity known"),
        (Self::IP_MATCH, "same address"),
        (Self::DISABLED, "disabled"),
        (Self::UNSUPPORTED, "command not supported"),
        (Self::TRANSIENT, "transient error"),
        (Self::FAILED, "failed"),
        (Self::CLIENT_FAILURE, "bad request"),
        (Self::BAD_ID, "other identity"),
        (Self::SUPERSEDED, "superseded"),
    ];

    /// Returns whether all of these flags are set.
    pub fn has(self, bits: Self) -> bool {
        self.0 & bits.0 == bits.0
    }

    /// Returns the flags that SQRL version 1 does not define.
    pub fn undefined(self) -> Self {
        Self(self.0 & !Self::DEFINED.0)
    }

    /// Returns the names of the flags that are set, separated by commas.
    pub fn describe(self) -> String {
        let known = Self::NAMES.iter().filter(|(flag, _)| self.has(*flag));
        let mut names: Vec<_> = known.map(|(_, name)| (*name).to_owned()).collect();
        if self.undefined().0 != 0 {
            names.push(format!("undefined flags {}", self.undefined()));
        }
        if names.is_empty() {
            names.push("no flags".to_owned());
        }
        names.join(", ")
    }
}

/// A text is not 1 to 8 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tif is a number of 32 bits in hexadecimal digits")]
pub struct TifError;

impl FromStr for Tif {
    type Err = TifError;

    fn from_str(text: &str) -> Result<Self, TifError> {
        let is_hex = !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
        let value = is_hex.then(|| u32::from_str_radix(text, 16).ok()).flatten();
        value.map(Self).ok_or(TifError)
    }
}

impl std::ops::BitOr for Tif {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Tif {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl fmt::Debug for Tif {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tif({self}: {})", self.describe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hexadecimal_digits_are_parsed() {
        assert_eq!("1C0".parse(), Ok(Tif(0x1c0)));
        assert_eq!(Tif(0x1c4).to_string(), "1c4");
        for bad in ["", "0x5", "+5", " 5", "g", "100000000"] {
            assert_eq!(bad.parse::<Tif>(), Err(TifError), "{bad}");
        }
        assert_eq!(Tif(0x400).undefined(), Tif(0x400));
        assert_eq!(format!("{:?}", Tif(5)), "Tif(5: current identity known, same address)");
    }
}
