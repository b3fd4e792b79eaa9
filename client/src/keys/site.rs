//! The key for one site, and the indexed secrets that hang on it.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{AuthDomain, Idk, Imk, Signer, enhash};

/// The key pair of one identity at one site: signs `ids` (or `pids`); its public half
/// is the `idk` (or `pidk`).
///
/// *Cryptography*, "SQRL’s Site-Specific Key".
#[derive(Clone)]
pub struct SiteKey(SigningKey);

impl SiteKey {
    /// HMAC-SHA-256 of the domain, keyed by the master key, is the signing key's seed.
    pub fn derive(imk: &Imk, domain: &AuthDomain) -> Self {
        Self::derive_alt(imk, domain, "")
    }

    /// The same for an alternate identity; an empty `alt_id` is none.
    pub fn derive_alt(imk: &Imk, domain: &AuthDomain, alt_id: &str) -> Self {
        let seed = hmac(imk.as_bytes(), &domain.hash_input(alt_id));
        Self(SigningKey::from_bytes(&seed))
    }

    /// A key from a raw seed that belongs to no site: for hostile tests.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public key, the user's identity at this site.
    pub fn idk(&self) -> Idk {
        Idk::from_bytes(self.0.verifying_key().to_bytes())
    }

    /// The indexed secret (`ins`, `pins`) for a server's `sin`, which is hashed as the
    /// literal text it is.
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
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(data);
    Zeroizing::new(mac.finalize().into_bytes().into())
}
