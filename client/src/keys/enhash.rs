//! `EnHash`: SHA-256 iterated sixteen times, the outputs combined by XOR.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// `EnHash` of 32 bytes ("SQRL Cryptography", figure 2).
#[must_use]
pub fn enhash(input: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let mut link = Zeroizing::new(*input);
    let mut sum = Zeroizing::new([0; 32]);
    for _ in 0..16 {
        *link = Sha256::digest(*link).into();
        for (sum, byte) in sum.iter_mut().zip(link.iter()) {
            *sum ^= byte;
        }
    }
    sum
}
