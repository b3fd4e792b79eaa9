//! From one secret to every site's key: the specification's key derivation
//! ([*SQRL Cryptography*](https://www.grc.com/sqrl/sqrl_cryptography.pdf): `EnHash`,
//! Site-Specific Key, Identity Lock).
//!
//! ```text
//! IUK --EnHash--> IMK --HMAC(domain)--> site key (idk, ids; INS by sin)
//!  |
//!  +--X25519--> ILK --DH(RLK)--> vuk        RLK --X25519--> suk
//! IUK --DH(suk)--> signing key of urs, whose public key is that vuk
//! ```

mod domain;
mod enhash;
mod kinds;
mod lock;
mod site;

pub use domain::AuthDomain;
pub use enhash::enhash;
pub use kinds::{Idk, Ilk, Imk, Iuk, Rlk, Suk, Vuk};
pub use lock::{UnlockPair, UrsKey, WeakSuk};
pub use site::SiteKey;

/// What makes one of the signatures of a request: `ids`, `pids` or `urs`.
pub trait Signer {
    /// The 64-byte Ed25519 signature of `message`.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

impl<S: Signer + ?Sized> Signer for &S {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        (**self).sign(message)
    }
}
