//! A second implementation, independent of the code under test.

use ed25519_dalek::{Signature, VerifyingKey};

/// Decodes base64url, with or without `=` at the end, and without stray bits.
pub(crate) fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    let bare = text.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let (digits, padding) = text.split_at(bare);
    if padding.len() > (4 - digits.len() % 4) % 4 {
        return None;
    }
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for &digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        (bits, held) = (bits << 6 | u32::from(value), held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held).to_le_bytes()[0]);
            bits &= (1 << held) - 1;
        }
    }
    (held < 6 && bits == 0).then_some(bytes)
}

/// Decodes a value of exactly `N` bytes.
pub(crate) fn exactly<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    base64url(text)?.try_into().ok()
}

/// Returns the key if it is the canonical encoding of a point of large order.
pub(crate) fn strict_key(bytes: &[u8; 32]) -> Option<VerifyingKey> {
    let key = VerifyingKey::from_bytes(bytes).ok()?;
    (key.to_edwards().compress().to_bytes() == *bytes && !key.is_weak()).then_some(key)
}

/// Returns whether the signature is valid under strict verification.
pub(crate) fn verifies(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let signature = Signature::from_bytes(signature);
    strict_key(key).is_some_and(|key| key.verify_strict(message, &signature).is_ok())
}
