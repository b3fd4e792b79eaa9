//! The key of an identity at one site, and the indexed secrets derived from it.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::auth_domain::AuthDomain;
use super::enhash::enhash;
use super::signer::Signer;
use super::types::{Idk, Imk};

/// The key pair of an identity at one site. It signs `ids` (or `pids`); its public half is
/// the `idk` (or `pidk`). `Debug` shows the public half.
///
/// *Cryptography*, "SQRL’s Site-Specific Key".
#[derive(Clone)]
pub struct SiteKey(SigningKey);

impl SiteKey {
    /// Derives the key: its seed is the HMAC-SHA-256 of the domain under the master key.
    pub fn derive(imk: &Imk, domain: &AuthDomain) -> Self {
        Self::derive_alt(imk, domain, "")
    }

    /// Derives the key of an alternate identity (Alt-ID). An empty `alt_id` means none.
    pub fn derive_alt(imk: &Imk, domain: &AuthDomain, alt_id: &str) -> Self {
        let seed = hmac(imk.as_bytes(), &domain.hash_input(alt_id));
        Self(SigningKey::from_bytes(&seed))
    }

    /// Returns the key with this Ed25519 seed, which belongs to no site. For tests.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Returns the public half.
    pub fn idk(&self) -> Idk {
        Idk::from_bytes(self.0.verifying_key().to_bytes())
    }

    /// Returns the indexed secret (`ins`, `pins`) for a server's `sin`. The `sin` is hashed
    /// as text, not decoded.
    pub fn index_secret(&self, sin: &str) -> Zeroizing<[u8; 32]> {
        let key = enhash(self.0.as_bytes());
        hmac(&key, sin.as_bytes())
    }
}

impl Signer for SiteKey {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SiteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SiteKey({})", self.idk())
    }
}

fn hmac(key: &[u8; 32], data: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC accepts keys of any length");
    mac.update(data);
    Zeroizing::new(mac.finalize().into_bytes().into())
}
