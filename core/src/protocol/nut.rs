use std::fmt;
use std::str::FromStr;

use super::base64url;
use super::error::ProtocolError;

/// A one-time nonce of 128 unpredictable bits, for one request of a sign-in.
///
/// *Operating Details*, "SQRL’s URL Nut"; *On The Wire*, "Server Parameters", `nut`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nut([u8; 16]);

impl Nut {
    /// Length of a nut on the wire, in characters.
    pub const TEXT_LEN: usize = 22;

    /// Creates a nut from 16 bytes, which must be unpredictable.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Reads unpadded base64url of exactly 22 characters.
impl FromStr for Nut {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        if text.len() != Self::TEXT_LEN {
            return Err(ProtocolError::Length);
        }
        base64url::decode_exact(text).map(Self)
    }
}

serde_as_text!(Nut);

/// Unpadded base64url, 22 characters.
impl fmt::Display for Nut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        base64url::write(&self.0, f)
    }
}

/// Six characters, so that no log contains a whole nut.
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
        assert_eq!(text.parse(), Ok(nut));
        assert!(format!("{text}==").parse::<Nut>().is_err());
        assert!(text[..21].parse::<Nut>().is_err());
        // The last character carries four unused bits.
        assert!(format!("{}Z", &text[..21]).parse::<Nut>().is_err());
        assert!(!format!("{nut:?}").contains(&text[..7]));
    }
}
