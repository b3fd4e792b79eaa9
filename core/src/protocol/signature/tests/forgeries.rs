//! Signatures that one verifier takes and another does not, of every kind that Chalkias, Garillot
//! and Nikolaenko tell apart (2020): each is made here from its definition, is shown to pass the
//! most lenient verification, and is decided strictly.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use sha2::{Digest as _, Sha512};

use super::super::*;
use super::non_canonical;

/// L, the order of the base point.
const L: [u8; 32] = [
    0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

struct Signed {
    key: [u8; 32],
    message: Vec<u8>,
    signature: SignatureBytes,
}

impl Signed {
    /// For a key and an R, each its encoding and the multiple of the base point that it is but
    /// for a point of small order. Looks for a message with which R + h·A − S·B, which is of
    /// small order, is as wanted.
    fn new(
        (key, a): ([u8; 32], u64),
        (r_bytes, r): ([u8; 32], u64),
        wanted: impl Fn(EdwardsPoint) -> bool,
    ) -> Option<Self> {
        (0_u8..=255).find_map(|message| {
            let h = hash(&r_bytes, &key, &[message]);
            let s = Scalar::from(r) + h * Scalar::from(a);
            let rest = point(&r_bytes)? + point(&key)? * h - B * s;
            wanted(rest).then(|| {
                let mut signature = [0; 64];
                signature[..32].copy_from_slice(&r_bytes);
                signature[32..].copy_from_slice(s.as_bytes());
                Self { key, message: vec![message], signature }
            })
        })
    }

    /// S·B = R + h·A: what exact verifiers check besides.
    fn exact(key: ([u8; 32], u64), r: ([u8; 32], u64)) -> Option<Self> {
        Self::new(key, r, |rest| rest.is_identity())
    }

    fn lenient(key: ([u8; 32], u64), r: ([u8; 32], u64)) -> Option<Self> {
        Self::new(key, r, |rest| !rest.is_identity())
    }

    /// 8·S·B = 8·R + 8·h·A, whatever the encodings and S: what lenient verifiers check.
    fn passes_leniently(&self) -> bool {
        let (r_bytes, s) = self.signature.split_first_chunk().expect("64 bytes");
        let s = Scalar::from_bytes_mod_order(s.try_into().expect("32 bytes"));
        let h = hash(r_bytes, &self.key, &self.message);
        let equal = |r: EdwardsPoint, a: EdwardsPoint| (r + a * h - B * s).is_small_order();
        point(r_bytes).zip(point(&self.key)).is_some_and(|(r, a)| equal(r, a))
    }

    fn verifies(&self) -> bool {
        assert!(self.passes_leniently());
        verifies(&self.key, &self.message, &self.signature)
    }
}

fn hash(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

fn point(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    CompressedEdwardsY(*bytes).decompress()
}

/// That multiple of the base point, with a point of small order added.
fn mixed(multiple: u64, small: usize) -> ([u8; 32], u64) {
    let point = B * Scalar::from(multiple) + EIGHT_TORSION[small];
    (point.compress().to_bytes(), multiple)
}

/// All 14 encodings of the 8 points of small order: the canonical ones first.
fn small_order() -> Vec<([u8; 32], u64)> {
    let canonical = EIGHT_TORSION.iter().map(|point| point.compress().to_bytes());
    // x = 0 with its sign bit set, which y below p does not tell.
    let signed_zero = canonical.clone().filter(|bytes| bytes[31] & 0x80 == 0).map(|mut bytes| {
        bytes[31] |= 0x80;
        bytes
    });
    let candidates = canonical.clone().chain(signed_zero).chain(non_canonical());
    let mut all = Vec::new();
    for bytes in candidates {
        let is_small = point(&bytes).is_some_and(|point| point.is_small_order());
        if is_small && !all.contains(&(bytes, 0)) {
            all.push((bytes, 0));
        }
    }
    assert_eq!(all.len(), 14);
    all
}

#[test]
fn honest_signatures_and_keys_of_mixed_order_are_taken() {
    assert!(Signed::exact(mixed(7, 0), mixed(9, 0)).expect("always").verifies());
    // The key is its owner's alone: who does not know 7 signs nothing.
    assert!(Signed::exact(mixed(7, 1), mixed(9, 3)).expect("one message in eight").verifies());
}

#[test]
fn no_key_of_small_order() {
    let mut exact = 0;
    for key in small_order() {
        assert!(strict_key(&key.0).is_none());
        for r in [mixed(9, 0), mixed(9, 1), mixed(0, 0)] {
            let signed = Signed::exact(key, r).inspect(|_| exact += 1);
            let signed = signed.or_else(|| Signed::lenient(key, r)).expect("any message");
            assert!(!signed.verifies(), "{key:x?} {r:x?}");
        }
    }
    assert!(exact > 28, "{exact}");
}

#[test]
fn no_r_of_small_order() {
    for r in small_order() {
        for key in [mixed(7, 0), mixed(7, 1)] {
            let signed = Signed::exact(key, r).or_else(|| Signed::lenient(key, r));
            assert!(!signed.expect("any message").verifies(), "{key:x?} {r:x?}");
        }
    }
}

#[test]
fn no_signature_that_only_a_factor_of_eight_makes_good() {
    let honest = (mixed(7, 0), mixed(9, 0));
    for (key, r) in [(mixed(7, 1), honest.1), (honest.0, mixed(9, 1)), (mixed(7, 2), mixed(9, 5))] {
        assert!(!Signed::lenient(key, r).expect("most messages").verifies());
    }
}

#[test]
fn no_s_at_or_above_l() {
    let honest = Signed::exact(mixed(7, 0), mixed(9, 0)).expect("always");
    let mut signature = honest.signature;
    // So many multiples of L fit on top of S into 32 bytes.
    for multiples in 1..=14 {
        let mut carry = 0;
        for (byte, more) in signature[32..].iter_mut().zip(L) {
            let sum = u16::from(*byte) + u16::from(more) + carry;
            [*byte, _] = sum.to_le_bytes();
            carry = sum >> 8;
        }
        let forged = Signed { signature, message: honest.message.clone(), ..honest };
        assert!(!forged.verifies(), "{multiples}");
    }
}
