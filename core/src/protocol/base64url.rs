//! Strict base64url (RFC 4648, section 5), written without padding.
//!
//! The specification: "any trailing equals signs are removed after encoding and are
//! not required when decoding".

use std::fmt;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::ProtocolError;

/// Unused low bits of the last character must be zero, so that every value has one spelling.
const STRICT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(false),
);

/// Encodes without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    STRICT.encode(bytes)
}

/// Encodes at most 32 bytes without padding and without allocating.
pub(super) fn write(bytes: &[u8], to: &mut impl fmt::Write) -> fmt::Result {
    let mut text = [0; 43];
    let length = STRICT.encode_slice(bytes, &mut text).map_err(|_| fmt::Error)?;
    to.write_str(std::str::from_utf8(&text[..length]).map_err(|_| fmt::Error)?)
}

/// Decodes text of any length, with or without `=` padding.
///
/// # Errors
///
/// [`ProtocolError::Base64url`] for a byte outside the alphabet, padding before the end, or unused bits
/// that are not zero.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, ProtocolError> {
    STRICT.decode(text).map_err(|_| ProtocolError::Base64url)
}

/// Decodes exactly `N` bytes.
///
/// # Errors
///
/// [`ProtocolError::Base64url`] as [`decode`], [`ProtocolError::Length`] for more or
/// fewer bytes.
pub fn decode_exact<const N: usize>(text: impl AsRef<[u8]>) -> Result<[u8; N], ProtocolError> {
    let mut bytes = [0; N];
    let text = text.as_ref();
    // No longer than `N` bytes with their padding; checked first, so that the buffer
    // below never has to be larger than its result.
    if text.len() > N.div_ceil(3) * 4 {
        return Err(ProtocolError::Length);
    }
    match STRICT.decode_slice(text, &mut bytes) {
        Ok(written) if written == N => Ok(bytes),
        Ok(_) | Err(base64::DecodeSliceError::OutputSliceTooSmall) => Err(ProtocolError::Length),
        Err(base64::DecodeSliceError::DecodeError(_)) => Err(ProtocolError::Base64url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_optional_and_never_written() {
        assert_eq!(encode([0xFB, 0xFF]), "-_8");
        assert_eq!(decode("-_8"), Ok(vec![0xFB, 0xFF]));
        assert_eq!(decode("-_8="), Ok(vec![0xFB, 0xFF]));
        assert_eq!(decode_exact::<2>("-_8="), Ok([0xFB, 0xFF]));
    }

    #[test]
    fn anything_stray_is_refused() {
        for text in ["-_8==", "-=_8", "-_8\n", " -_8", "+/8", "-_9", "-_8=A", "A", "é"] {
            assert_eq!(decode(text), Err(ProtocolError::Base64url), "{text:?}");
        }
    }

    #[test]
    fn lengths_are_exact() {
        assert_eq!(decode_exact::<3>("-_8"), Err(ProtocolError::Length));
        assert_eq!(decode_exact::<1>("-_8"), Err(ProtocolError::Length));
        assert_eq!(decode_exact::<32>("A".repeat(10_000)), Err(ProtocolError::Length));
        assert_eq!(decode_exact::<32>("A".repeat(43)), Ok([0; 32]));
        assert_eq!(decode_exact::<32>("A".repeat(43) + "="), Ok([0; 32]));
    }
}
