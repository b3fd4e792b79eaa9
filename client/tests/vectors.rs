//! Key derivation, checked against the published vectors of the specification.
#![allow(clippy::unwrap_used)]

use tower_sqrl_client::base64url;
use tower_sqrl_client::keys::{
    AuthDomain, Ilk, Imk, Iuk, Rlk, SiteKey, Suk, UnlockPair, UrsKey, enhash,
};

/// Returns the fields of each line after the heading. `lines` is their number, so that a truncated
/// file fails.
fn rows(text: &'static str, lines: usize) -> Vec<Vec<&'static str>> {
    let rows: Vec<Vec<_>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|field| field.trim_matches('"')).collect())
        .collect();
    assert_eq!(rows.len(), lines);
    rows
}

fn key(text: &str) -> [u8; 32] {
    base64url::decode_array(text).unwrap()
}

fn hex(text: &str) -> [u8; 32] {
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
}

#[test]
fn enhash_vectors() {
    for row in rows(include_str!("vectors/enhash-vectors.txt"), 1000) {
        assert_eq!(*enhash(&key(row[0])), key(row[1]), "{row:?}");
    }
}

#[test]
fn identity_vectors() {
    for row in rows(include_str!("vectors/identity-vectors.txt"), 80) {
        let iuk = Iuk::from_bytes(key(row[0]));
        assert_eq!(iuk.ilk(), Ilk::from_bytes(key(row[1])), "{row:?}");
        let imk = iuk.imk();
        assert_eq!(imk, Imk::from_bytes(key(row[2])), "{row:?}");
        let site = SiteKey::derive_alt(&imk, &AuthDomain::from(row[3]), row[4]);
        assert_eq!(site.idk().to_string(), row[5], "{row:?}");
    }
}

#[test]
fn index_secret_vectors() {
    for row in rows(include_str!("vectors/ins-vectors.txt"), 48) {
        let imk = Imk::from_bytes(key(row[0]));
        let secret = SiteKey::derive(&imk, &AuthDomain::from(row[1])).index_secret(row[2]);
        assert_eq!(*secret, key(row[3]), "{row:?}");
    }
}

#[test]
fn identity_lock_vectors() {
    for row in rows(include_str!("vectors/identity-lock-vectors.txt"), 14) {
        let iuk = Iuk::from_bytes(hex(row[0]));
        let ilk = Ilk::from_bytes(hex(row[1]));
        assert_eq!(iuk.ilk(), ilk, "{row:?}");
        let pair = UnlockPair::from_rlk(&ilk, &Rlk::from_bytes(hex(row[2])));
        assert_eq!(pair.suk, Suk::from_bytes(hex(row[3])), "{row:?}");
        // The agreed key is the seed of the signing key, so both ways lead to the same vuk.
        let seeded = SiteKey::from_seed(&hex(row[4])).idk();
        assert_eq!(pair.vuk.as_bytes(), seeded.as_bytes(), "{row:?}");
        assert_eq!(pair.vuk.as_bytes(), &hex(row[5]), "{row:?}");
        assert_eq!(UrsKey::derive(&iuk, &pair.suk).unwrap().vuk(), pair.vuk);
    }
}

#[test]
fn a_suk_of_low_order_is_rejected() {
    let zero = Suk::from_bytes([0; 32]);
    assert!(UrsKey::derive(&Iuk::from_bytes([1; 32]), &zero).is_err());
}
