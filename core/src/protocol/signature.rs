//! Strict Ed25519: a key has one owner, and a signature has the same result on every server.

use ed25519_dalek::{PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, Signature, VerifyingKey};

/// The bytes of an Ed25519 signature as received.
pub(super) type SignatureBytes = [u8; SIGNATURE_LENGTH];

/// Returns the key if the bytes are the canonical encoding of a curve point of large order.
pub(super) fn strict_key(bytes: &[u8; PUBLIC_KEY_LENGTH]) -> Option<VerifyingKey> {
    canonical_key(bytes).filter(|key| !key.is_weak())
}

/// Returns whether `signature` verifies with `key` over `message`.
///
/// `verify_strict` rejects S ≥ L, and a key or an R of small order.
pub(super) fn verifies(
    key: &[u8; PUBLIC_KEY_LENGTH],
    message: &[u8],
    signature: &SignatureBytes,
) -> bool {
    canonical_key(key)
        .is_some_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

/// Returns the key if the bytes are the canonical encoding of a curve point of any order.
fn canonical_key(bytes: &[u8; PUBLIC_KEY_LENGTH]) -> Option<VerifyingKey> {
    is_canonical(bytes).then(|| VerifyingKey::from_bytes(bytes).ok())?
}

/// Returns whether the encoding of a point is canonical: y is below p = 2²⁵⁵ − 19.
///
/// A test compares the result with decompressing and compressing again, which costs a field inversion per
/// request. The other kind of double encoding, x = 0 with its sign bit set, has only points of small order.
fn is_canonical(bytes: &[u8; PUBLIC_KEY_LENGTH]) -> bool {
    bytes[0] < 0xED || bytes[31] & 0x7F != 0x7F || bytes[1..31].iter().any(|&byte| byte != 0xFF)
}

#[cfg(test)]
mod tests;
