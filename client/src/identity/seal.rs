//! The unlock keys at rest: encrypted under the rescue code.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroizing;

use super::{Identity, RescueCode, enscrypt};
use crate::keys::Iuk;

/// Rounds of `EnScrypt`. The specification's five seconds protect a phone that anybody
/// may steal; here the code's 80 bits have to do, so that no test waits.
const ROUNDS: u32 = 1;

/// More than this and a file would keep its reader busy rather than safe.
const MAX_ROUNDS: u32 = 10_000;

/// The unlock keys, the current one first, AES-256-GCM under the `EnScrypt`ed code. The
/// keys in the clear are authenticated along with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) salt: [u8; 16],
    pub(super) rounds: u32,
    pub(super) nonce: [u8; 12],
    pub(super) data: Vec<u8>,
}

/// Why the unlock keys cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// Nobody has given the rescue code yet.
    #[error("this needs the identity's rescue code")]
    Locked,
    /// The identity was made without a rescue code, or rewound while locked.
    #[error("this identity has no unlock keys that a rescue code could open")]
    NothingSealed,
    /// The code does not open them, or somebody altered the file.
    #[error("this is not the rescue code of this identity, or its file was altered")]
    WrongCode,
}

impl Identity {
    /// Encrypts the unlock keys under a rescue code, so that the identity can be saved.
    ///
    /// # Errors
    /// [`UnlockError::Locked`]: there is nothing to encrypt.
    #[expect(clippy::missing_panics_doc, reason = "there are five keys at most")]
    pub fn seal(&mut self, code: &RescueCode) -> Result<(), UnlockError> {
        let mut plain = Zeroizing::new(Vec::with_capacity(32 * self.keys.len()));
        for keys in &self.keys {
            plain.extend_from_slice(keys.iuk.as_ref().ok_or(UnlockError::Locked)?.as_bytes());
        }
        let salt: [u8; 16] = rand::random();
        let nonce: [u8; 12] = rand::random();
        let data = cipher(code, &salt, ROUNDS)
            .encrypt(&Nonce::from(nonce), self.payload(&plain).as_payload())
            .expect("160 bytes are not too long for AES-GCM");
        self.sealed = Some(Sealed { salt, rounds: ROUNDS, nonce, data });
        Ok(())
    }

    /// Decrypts the unlock keys; nothing happens where they are there already.
    ///
    /// # Errors
    /// [`UnlockError::WrongCode`] or [`UnlockError::NothingSealed`].
    pub fn unlock(&mut self, code: &RescueCode) -> Result<(), UnlockError> {
        if self.is_unlocked() {
            return Ok(());
        }
        let sealed = self.sealed.as_ref().ok_or(UnlockError::NothingSealed)?;
        if !(1..=MAX_ROUNDS).contains(&sealed.rounds) {
            return Err(UnlockError::WrongCode);
        }
        let plain = cipher(code, &sealed.salt, sealed.rounds)
            .decrypt(&Nonce::from(sealed.nonce), self.payload(&sealed.data).as_payload())
            .map(Zeroizing::new)
            .map_err(|_| UnlockError::WrongCode)?;
        let (iuks, rest) = plain.as_chunks::<32>();
        if iuks.len() != self.keys.len() || !rest.is_empty() {
            return Err(UnlockError::WrongCode);
        }
        for (keys, iuk) in self.keys.iter_mut().zip(iuks) {
            keys.iuk = Some(Iuk::from_bytes(*iuk));
        }
        Ok(())
    }

    /// Forgets the unlock keys until the rescue code is given again. Without a
    /// preceding [`Identity::seal`] they are lost.
    pub fn lock(&mut self) {
        for keys in &mut self.keys {
            keys.iuk = None;
        }
    }

    /// `data` with the keys in the clear as what is authenticated along with it.
    fn payload<'a>(&self, data: &'a [u8]) -> Bound<'a> {
        let mut clear = Zeroizing::new(Vec::with_capacity(64 * self.keys.len()));
        for keys in &self.keys {
            clear.extend_from_slice(keys.imk.as_bytes());
            clear.extend_from_slice(keys.ilk.as_bytes());
        }
        Bound { data, clear }
    }
}

struct Bound<'a> {
    data: &'a [u8],
    clear: Zeroizing<Vec<u8>>,
}

impl Bound<'_> {
    fn as_payload(&self) -> Payload<'_, '_> {
        Payload { msg: self.data, aad: &self.clear }
    }
}

fn cipher(code: &RescueCode, salt: &[u8], rounds: u32) -> Aes256Gcm {
    let key = enscrypt(code.digits().as_bytes(), salt, rounds);
    Aes256Gcm::new_from_slice(&*key).expect("32 bytes are the length of an AES-256 key")
}
