//! `EnScrypt`: chained scrypt, its outputs combined by XOR.

use scrypt::{Params, scrypt};
use zeroize::Zeroizing;

/// Returns the `EnScrypt` of a password with the specification's parameters, N=512, r=256,
/// p=1.
///
/// The output of a round is the salt of the next. All outputs are combined by XOR. A round
/// needs 16 MiB, and takes about 40 ms in an optimized build.
pub(super) fn enscrypt(password: &[u8], salt: &[u8], rounds: u32) -> Zeroizing<[u8; 32]> {
    let parameters = Params::new(9, 256, 1).expect("the specification's parameters are valid");
    let mut sum = Zeroizing::new([0; 32]);
    let mut salt = Zeroizing::new(salt.to_vec());
    for _ in 0..rounds {
        let mut output = Zeroizing::new([0; 32]);
        scrypt(password, &salt, &parameters, &mut *output).expect("32 bytes are a valid length");
        for (sum, byte) in sum.iter_mut().zip(output.iter()) {
            *sum ^= byte;
        }
        salt = Zeroizing::new(output.to_vec());
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Cryptography*, figure 24: the salt and the password ("Zing") of the log.
    fn of_the_log(rounds: u32) -> String {
        let salt = 0xcd2e_1ea5_6de2_0fe0_36b6_d2fa_867d_f50a_u128.to_be_bytes();
        let key = enscrypt(b"Zing", &salt, rounds);
        let words = key.as_chunks().0.iter().map(|word| u128::from_be_bytes(*word));
        words.fold(String::new(), |text, word| text + &format!("{word:032x}"))
    }

    /// The expected value is from another implementation, which reproduces all 31 rounds of
    /// the log.
    #[test]
    fn two_rounds_are_chained_and_combined() {
        assert_eq!(
            of_the_log(2),
            "2f0f5b44fc9d50fd9691bf64dbd02d40446f6dadec9be457e5ecc28af1449024"
        );
    }

    #[test]
    #[cfg_attr(debug_assertions, ignore = "slow: a minute without optimization")]
    fn the_result_is_that_of_the_log() {
        assert_eq!(
            of_the_log(31),
            "ddc7f5d12caa26a869488ad83df8ed480072076dfd94eee5f6f1bd0dde02b9d9"
        );
    }
}
