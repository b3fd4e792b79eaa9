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
mod tests {
    use ed25519_dalek::Verifier as _;

    use super::*;

    /// Every encoding with y ≥ p, with and without the sign bit.
    fn non_canonical() -> impl Iterator<Item = [u8; 32]> {
        (0xED..=0xFF).flat_map(|low| {
            [0x7F, 0xFF].map(|high| {
                let mut bytes = [0xFF; 32];
                (bytes[0], bytes[31]) = (low, high);
                bytes
            })
        })
    }

    #[test]
    fn canonical_means_what_recompressing_means() {
        let mut decided = 0;
        for bytes in non_canonical().chain((0..=255).map(|byte| [byte; 32])) {
            if let Ok(key) = VerifyingKey::from_bytes(&bytes) {
                let recompressed = key.to_edwards().compress().to_bytes();
                let strict = recompressed == bytes && !key.is_weak();
                assert_eq!(strict_key(&bytes).is_some(), strict, "{bytes:x?}");
                decided += 1;
            }
        }
        assert!(decided > 100, "only {decided} encodings were points");
    }

    #[test]
    fn no_key_of_small_order() {
        let identity = {
            let mut bytes = [0; 32];
            bytes[0] = 1;
            bytes
        };
        assert!(strict_key(&identity).is_none());
        // With the neutral element as key, R = B, S = 1 verifies for any message.
        let mut forged = [0x66; 64];
        (forged[0], forged[32]) = (0x58, 1);
        forged[33..].fill(0);
        let lax = VerifyingKey::from_bytes(&identity).expect("a point");
        assert!(lax.verify(b"anything", &Signature::from_bytes(&forged)).is_ok());
        assert!(!verifies(&identity, b"anything", &forged));
        assert!(strict_key(&[0; 32]).is_none());
        for bytes in non_canonical() {
            assert!(strict_key(&bytes).is_none(), "{bytes:x?}");
        }
    }
}
