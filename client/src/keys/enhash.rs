//! `EnHash`: 16 iterations of SHA-256, their outputs combined by XOR.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Returns the `EnHash` of 32 bytes.
///
/// *Cryptography*, figure 2.
#[must_use]
pub fn enhash(input: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let mut hash = Zeroizing::new(*input);
    let mut sum = Zeroizing::new([0; 32]);
    for _ in 0..16 {
        *hash = Sha256::digest(*hash).into();
        for (sum, byte) in sum.iter_mut().zip(hash.iter()) {
            *sum ^= byte;
        }
    }
    sum
}
