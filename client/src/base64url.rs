//! base64url as SQRL uses it: encoded without padding, decoded strictly.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Encodes bytes without padding.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    ENGINE.encode(bytes)
}

/// Decodes text. Padding is optional; any other character outside the alphabet is an error.
///
/// # Errors
/// Returns [`DecodeError`] if the text is not base64url.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, DecodeError> {
    ENGINE.decode(text).map_err(|error| DecodeError(error.to_string()))
}

/// Decodes text of exactly `N` bytes.
///
/// # Errors
/// Returns [`DecodeError`] if the text is not base64url, or of another length.
pub fn decode_array<const N: usize>(text: impl AsRef<[u8]>) -> Result<[u8; N], DecodeError> {
    let bytes = decode(text)?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| DecodeError(format!("{length} bytes instead of {N}")))
}

/// A text is not valid base64url, or not of the required length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid base64url: {0}")]
pub struct DecodeError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_padding_is_optional() {
        assert_eq!(encode([0xff]), "_w");
        assert_eq!(decode("_w"), Ok(vec![0xff]));
        assert_eq!(decode("_w=="), Ok(vec![0xff]));
        for bad in ["/w", "_w\r\n", " _w", "_", "_x", "_w==="] {
            assert!(decode(bad).is_err(), "{bad:?}");
        }
        assert!(decode_array::<2>("_w").is_err());
    }
}
