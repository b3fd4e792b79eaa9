//! Key derivation: from one secret to a key for every site.
//!
//! ```text
//! IUK --EnHash--> IMK --HMAC(domain)--> site key (idk, ids; INS from sin)
//!  |
//!  +--X25519--> ILK --DH(RLK)--> vuk        RLK --X25519--> suk
//! IUK --DH(suk)--> signing key of urs; its public key is the vuk
//! ```
//!
//! Specification: [*SQRL
//! Cryptography*](https://www.grc.com/sqrl/sqrl_cryptography.pdf), "`EnHash`", "Site-Specific
//! Key" and "Identity Lock".

mod auth_domain;
mod enhash;
mod identity_lock;
mod signer;
mod site_key;
mod types;

pub use auth_domain::AuthDomain;
pub use enhash::enhash;
pub use identity_lock::{UnlockPair, UrsKey, WeakSuk};
pub use signer::Signer;
pub use site_key::SiteKey;
pub use types::{Idk, Ilk, Imk, Iuk, Rlk, Suk, Vuk};
