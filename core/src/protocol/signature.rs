//! Ed25519, strictly: one key, one owner; one message, one verdict on every server.

use ed25519_dalek::{PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, Signature, VerifyingKey};

/// The bytes of an Ed25519 signature as they came in.
pub(super) type SignatureBytes = [u8; SIGNATURE_LENGTH];

/// The key, if it is one: a point on the curve, canonically encoded, of large order.
pub(super) fn strict_key(bytes: &[u8; PUBLIC_KEY_LENGTH]) -> Option<VerifyingKey> {
    canonical_key(bytes).filter(|key| !key.is_weak())
}

/// Whether `signature` is the owner's of `key` over `message`.
///
/// `verify_strict` refuses S ≥ L, and a key or an R of small order.
pub(super) fn verifies(
    key: &[u8; PUBLIC_KEY_LENGTH],
    message: &[u8],
    signature: &SignatureBytes,
) -> bool {
    canonical_key(key)
        .is_some_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

/// A point on the curve, canonically encoded; its order may be small.
fn canonical_key(bytes: &[u8; PUBLIC_KEY_LENGTH]) -> Option<VerifyingKey> {
    is_canonical(bytes).then(|| VerifyingKey::from_bytes(bytes).ok())?
}

/// Whether the encoding is the only one of its point: y below p = 2²⁵⁵ − 19.
///
/// The same verdict as decompressing, compressing again and comparing (a test holds the
/// two against each other), without a field inversion per request. The one other kind of
/// double encoding, x = 0 with its sign bit set, has only points of small order.
fn is_canonical(bytes: &[u8; PUBLIC_KEY_LENGTH]) -> bool {
    bytes[0] < 0xED || bytes[31] & 0x7F != 0x7F || bytes[1..31].iter().any(|&byte| byte != 0xFF)
}

#[cfg(test)]
mod tests;
