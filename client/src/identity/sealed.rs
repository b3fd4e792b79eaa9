//! Secrets encrypted under a rescue code.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroizing;

use super::enscrypt::enscrypt;
use super::rescue_code::RescueCode;

/// Rounds of `EnScrypt`. The specification asks for five seconds, which protects a stolen
/// phone. Here the 80 bits of the rescue code must do, so that tests do not wait.
const ROUNDS: u32 = 1;

/// Maximum rounds in a file. More would make a hostile file keep its reader busy.
const MAX_ROUNDS: u32 = 10_000;

/// Reasons why the unlock keys are unavailable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// The identity is locked: [`Identity::unlock`](super::Identity::unlock) it first.
    #[error("the identity is locked; unlock it with its rescue code")]
    Locked,
    /// The identity has no rescue code: it was never sealed, or it was rewound while locked.
    #[error("the identity has no rescue code, so it cannot be unlocked")]
    NotSealed,
    /// The rescue code is wrong, or the file was altered.
    #[error("the rescue code is wrong, or the identity file was altered")]
    WrongCode,
}

/// A secret encrypted with AES-256-GCM. The key is the `EnScrypt` of a rescue code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) salt: [u8; 16],
    pub(super) rounds: u32,
    pub(super) nonce: [u8; 12],
    pub(super) data: Vec<u8>,
}

impl Sealed {
    /// Encrypts `secret` and authenticates `clear` with it.
    pub(super) fn encrypt(code: &RescueCode, secret: &[u8], clear: &[u8]) -> Self {
        let salt: [u8; 16] = rand::random();
        let nonce: [u8; 12] = rand::random();
        let data = cipher(code, &salt, ROUNDS)
            .encrypt(&Nonce::from(nonce), Payload { msg: secret, aad: clear })
            .expect("a few keys are not too long for AES-GCM");
        Self { salt, rounds: ROUNDS, nonce, data }
    }

    /// Decrypts the secret, if `clear` is what was authenticated with it.
    pub(super) fn decrypt(
        &self,
        code: &RescueCode,
        clear: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, UnlockError> {
        if !(1..=MAX_ROUNDS).contains(&self.rounds) {
            return Err(UnlockError::WrongCode);
        }
        cipher(code, &self.salt, self.rounds)
            .decrypt(&Nonce::from(self.nonce), Payload { msg: &self.data, aad: clear })
            .map(Zeroizing::new)
            .map_err(|_| UnlockError::WrongCode)
    }
}

fn cipher(code: &RescueCode, salt: &[u8], rounds: u32) -> Aes256Gcm {
    let key = enscrypt(code.digits().as_bytes(), salt, rounds);
    Aes256Gcm::new_from_slice(&*key).expect("32 bytes are the length of an AES-256 key")
}
