//! The identity lock: what a site keeps so that only the rescue code can undo it.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::{Ilk, Iuk, Rlk, Signer, Suk, Vuk};

impl Iuk {
    /// The public half that makes locks: X25519 of this key and the base point.
    pub fn ilk(&self) -> Ilk {
        Ilk::from_bytes(PublicKey::from(&StaticSecret::from(*self.as_bytes())).to_bytes())
    }
}

/// What a site stores with an identity: `suk` to give back, `vuk` to verify with.
///
/// *Cryptography*, "Identity Lock".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnlockPair {
    /// The public half of the random lock key.
    pub suk: Suk,
    /// The public half of the key that a `urs` is signed with.
    pub vuk: Vuk,
}

impl UnlockPair {
    /// A fresh pair, from a random lock key that nobody keeps.
    pub fn generate(ilk: &Ilk) -> Self {
        Self::from_rlk(ilk, &Rlk::generate())
    }

    /// The pair that belongs to this random lock key.
    pub fn from_rlk(ilk: &Ilk, rlk: &Rlk) -> Self {
        let secret = StaticSecret::from(*rlk.as_bytes());
        let suk = PublicKey::from(&secret).to_bytes();
        let agreed = secret.diffie_hellman(&PublicKey::from(*ilk.as_bytes()));
        let vuk = SigningKey::from_bytes(agreed.as_bytes()).verifying_key();
        Self { suk: Suk::from_bytes(suk), vuk: Vuk::from_bytes(vuk.to_bytes()) }
    }
}

/// The key that signs a `urs`.
///
/// *Cryptography*, "How an Identity Association is Unlocked".
#[derive(Clone)]
pub struct UrsKey(SigningKey);

impl UrsKey {
    /// From the identity unlock key and the `suk` that the site gave back.
    ///
    /// # Errors
    /// [`WeakSuk`] when the site's `suk` is of low order: the agreed key would be known
    /// to everybody.
    pub fn derive(iuk: &Iuk, suk: &Suk) -> Result<Self, WeakSuk> {
        let secret = StaticSecret::from(*iuk.as_bytes());
        let agreed = secret.diffie_hellman(&PublicKey::from(*suk.as_bytes()));
        if !agreed.was_contributory() {
            return Err(WeakSuk);
        }
        let seed = Zeroizing::new(agreed.to_bytes());
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The public half, equal to the `vuk` that the site stored.
    pub fn vuk(&self) -> Vuk {
        Vuk::from_bytes(self.0.verifying_key().to_bytes())
    }
}

impl Signer for UrsKey {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for UrsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UrsKey({:?})", self.vuk())
    }
}

/// The site's `suk` is a point of low order, which no honest client ever made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the site's server unlock key (suk) is not one that a SQRL client makes")]
pub struct WeakSuk;
