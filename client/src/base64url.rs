//! base64url as SQRL uses it: written without padding, read strictly.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Encodes without padding.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    ENGINE.encode(bytes)
}

/// Decodes; padding may be there or not, any other stray byte fails.
///
/// # Errors
/// What is wrong, in words for a person.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, Malformed> {
    ENGINE.decode(text).map_err(|error| Malformed(error.to_string()))
}

/// Decodes a value of exactly `N` bytes.
///
/// # Errors
/// As [`decode`], or another length.
pub fn decode_array<const N: usize>(text: impl AsRef<[u8]>) -> Result<[u8; N], Malformed> {
    let bytes = decode(text)?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| Malformed(format!("{length} bytes where {N} are due")))
}

/// A value is not the base64url that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not valid base64url: {0}")]
pub struct Malformed(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_optional_and_nothing_else_is() {
        assert_eq!(encode([0xff]), "_w");
        assert_eq!(decode("_w"), Ok(vec![0xff]));
        assert_eq!(decode("_w=="), Ok(vec![0xff]));
        for bad in ["/w", "_w\r\n", " _w", "_", "_x", "_w==="] {
            assert!(decode(bad).is_err(), "{bad:?}");
        }
        assert!(decode_array::<2>("_w").is_err());
    }
}
