//! The Transaction Information Flags.

use std::fmt;

/// The flags of a reply (`tif`): the state after the command.
///
/// *On The Wire*, "TIF Bits and Client Server Interaction Details".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Tif(pub u32);

impl Tif {
    /// The site knows the current identity.
    pub const CURRENT: Self = Self(0x01);
    /// The site knows the previous identity that was sent along.
    pub const PREVIOUS: Self = Self(0x02);
    /// The client's address is the one that asked for the link.
    pub const IP_MATCH: Self = Self(0x04);
    /// SQRL is disabled for this identity.
    pub const DISABLED: Self = Self(0x08);
    /// The server does not know the command.
    pub const UNSUPPORTED: Self = Self(0x10);
    /// Try the same again with the fresh nut.
    pub const TRANSIENT: Self = Self(0x20);
    /// The command failed.
    pub const FAILED: Self = Self(0x40);
    /// The client's request was wrong.
    pub const CLIENT_FAILURE: Self = Self(0x80);
    /// The nut belongs to another identity.
    pub const BAD_ID: Self = Self(0x100);
    /// The identity was replaced by a newer one.
    pub const SUPERSEDED: Self = Self(0x200);

    /// What version 1 defines: a reply with any other bit ends the exchange.
    pub const DEFINED: Self = Self(0x3ff);

    const NAMES: [(Self, &'static str); 10] = [
        (Self::CURRENT, "current identity known"),
        (Self::PREVIOUS, "previous identity known"),
        (Self::IP_MATCH, "same address"),
        (Self::DISABLED, "disabled"),
        (Self::UNSUPPORTED, "not supported"),
        (Self::TRANSIENT, "try again"),
        (Self::FAILED, "failed"),
        (Self::CLIENT_FAILURE, "client failure"),
        (Self::BAD_ID, "other identity"),
        (Self::SUPERSEDED, "superseded"),
    ];

    /// Whether all of these bits are set.
    pub fn has(self, bits: Self) -> bool {
        self.0 & bits.0 == bits.0
    }

    /// The bits that version 1 does not define.
    pub fn undefined(self) -> Self {
        Self(self.0 & !Self::DEFINED.0)
    }

    /// Reads hexadecimal digits of either case, without prefix or sign.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
        let value = digits.then(|| u32::from_str_radix(text, 16));
        value?.ok().map(Self)
    }
}

impl std::ops::BitOr for Tif {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Hexadecimal, as on the wire.
impl fmt::Display for Tif {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// Hexadecimal and in words: `Tif(5: current identity known, same address)`.
impl fmt::Debug for Tif {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tif({self}: {})", self.words())
    }
}

impl Tif {
    /// The set bits in words, separated by commas.
    pub fn words(self) -> String {
        let known = Self::NAMES.iter().filter(|(bit, _)| self.has(*bit));
        let mut words: Vec<_> = known.map(|(_, name)| (*name).to_owned()).collect();
        if self.undefined().0 != 0 {
            words.push(format!("undefined bits {}", self.undefined()));
        }
        if words.is_empty() {
            words.push("nothing set".to_owned());
        }
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hexadecimal_only() {
        assert_eq!(Tif::parse("1C0"), Some(Tif(0x1c0)));
        assert_eq!(Tif::parse("1c4").map(|tif| tif.to_string()).as_deref(), Some("1c4"));
        for bad in ["", "0x5", "+5", " 5", "g", "100000000"] {
            assert_eq!(Tif::parse(bad), None, "{bad}");
        }
        assert_eq!(Tif(0x400).undefined(), Tif(0x400));
        assert_eq!(format!("{:?}", Tif(5)), "Tif(5: current identity known, same address)");
    }
}
