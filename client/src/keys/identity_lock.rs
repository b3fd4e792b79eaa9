//! The identity lock: keys that let a site verify the rescue code without knowing it.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::signer::Signer;
use super::types::{Ilk, Iuk, Rlk, Suk, Vuk};

impl Iuk {
    /// Returns the public half: X25519 of this key and the base point.
    pub fn ilk(&self) -> Ilk {
        Ilk::from_bytes(PublicKey::from(&StaticSecret::from(*self.as_bytes())).to_bytes())
    }
}

/// The keys that a site stores with an identity: `suk` to return, `vuk` to verify with.
///
/// *Cryptography*, "Identity Lock".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnlockPair {
    /// The public half of the random lock key.
    pub suk: Suk,
    /// The public half of the key that signs a `urs`.
    pub vuk: Vuk,
}

impl UnlockPair {
    /// Returns a new pair, from a random lock key that is then discarded.
    pub fn generate(ilk: &Ilk) -> Self {
        Self::from_rlk(ilk, &Rlk::generate())
    }

    /// Returns the pair that belongs to a random lock key.
    pub fn from_rlk(ilk: &Ilk, rlk: &Rlk) -> Self {
        let secret = StaticSecret::from(*rlk.as_bytes());
        let suk = PublicKey::from(&secret).to_bytes();
        let agreed = secret.diffie_hellman(&PublicKey::from(*ilk.as_bytes()));
        let vuk = SigningKey::from_bytes(agreed.as_bytes()).verifying_key();
        Self { suk: Suk::from_bytes(suk), vuk: Vuk::from_bytes(vuk.to_bytes()) }
    }
}

/// The key that signs a `urs`. `Debug` shows its public half.
///
/// *Cryptography*, "How an Identity Association is Unlocked".
#[derive(Clone)]
pub struct UrsKey(SigningKey);

impl UrsKey {
    /// Derives the key from an identity unlock key and the `suk` that the site returned.
    ///
    /// # Errors
    /// Returns [`WeakSuk`] if the `suk` is a point of low order. Anybody could compute the
    /// key that it leads to.
    pub fn derive(iuk: &Iuk, suk: &Suk) -> Result<Self, WeakSuk> {
        let secret = StaticSecret::from(*iuk.as_bytes());
        let agreed = secret.diffie_hellman(&PublicKey::from(*suk.as_bytes()));
        if !agreed.was_contributory() {
            return Err(WeakSuk);
        }
        let seed = Zeroizing::new(agreed.to_bytes());
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Returns the public half. It equals the `vuk` that the site stored.
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

/// The site's `suk` is a point of low order, which no honest client creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server unlock key (suk) of the site is weak: a point of low order")]
pub struct WeakSuk;
