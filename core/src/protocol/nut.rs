use std::fmt;

use super::base64url;

/// A nut: 128 unpredictable bits that make one request of one chain. 22 characters of base64url.
///
/// *Operating Details*, "SQRL’s URL Nut"; *On The Wire*, "Server Parameters", `nut`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nut([u8; 16]);

impl Nut {
    /// Characters of a nut on the wire.
    pub const TEXT_LEN: usize = 22;

    /// A nut of these bytes, which have to be unpredictable.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The nut's 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads the one spelling that a nut has: 22 characters, no padding.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != Self::TEXT_LEN {
            return None;
        }
        base64url::decode_exact(text).ok().map(Self)
    }
}

impl fmt::Display for Nut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        base64url::write(&self.0, f)
    }
}

/// Six characters: no log of ours holds a whole nut.
impl fmt::Debug for Nut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nut({}…)", &base64url::encode(self.0)[..6])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        let nut = Nut::from_bytes([0xA5; 16]);
        let text = nut.to_string();
        assert_eq!(text.len(), Nut::TEXT_LEN);
        assert_eq!(Nut::parse(&text), Some(nut));
        assert_eq!(Nut::parse(&format!("{text}==")), None);
        assert_eq!(Nut::parse(&text[..21]), None);
        // The last character carries four unused bits.
        assert_eq!(Nut::parse(&format!("{}Z", &text[..21])), None);
        assert!(!format!("{nut:?}").contains(&text[..7]));
    }
}
