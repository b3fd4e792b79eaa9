//! Indexed secrets, sealed for a shared store under a key that only the servers have, and bound to the
//! identity.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::secrets::Secrets;
use tower_sqrl_core::protocol::{Idk, IndexedSecret, Request};

const NONCE_LEN: usize = 24;
const SECRET_LEN: usize = 32;

/// The name of the secret that the site asks for, and the key that seals it.
pub(crate) struct IndexedSecrets {
    sin: Box<str>,
    cipher: XChaCha20Poly1305,
}

impl IndexedSecrets {
    pub(crate) fn new(sin: &str, key: &[u8; 32]) -> Self {
        Self { sin: sin.into(), cipher: XChaCha20Poly1305::new(key.into()) }
    }

    pub(crate) fn sin(&self) -> &str {
        &self.sin
    }

    /// Seals the secrets of a request. Returns `None` if it has no `ins`.
    pub(super) fn seal(&self, request: &Request) -> Option<Box<[u8]>> {
        let mut secrets = Zeroizing::new(Vec::with_capacity(2 * SECRET_LEN));
        secrets.extend_from_slice(request.ins()?.expose());
        // A previous secret counts only with a proved previous identity.
        if let (Some(pins), Some(_)) = (request.pins(), request.pidk()) {
            secrets.extend_from_slice(pins.expose());
        }
        let nonce: [u8; NONCE_LEN] = rand::random();
        let payload = Payload { msg: &secrets, aad: request.idk().as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some([&nonce[..], &sealed].concat().into())
    }

    /// Opens what [`seal`](Self::seal) on this server or another has sealed for this identity.
    pub(super) fn open(&self, idk: &Idk, sealed: &[u8]) -> Option<Secrets> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let payload = Payload { msg: sealed, aad: idk.as_bytes() };
        let secrets = Zeroizing::new(self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?);
        let (ins, pins) = secrets.split_first_chunk::<SECRET_LEN>()?;
        let pins = match pins {
            [] => None,
            pins => Some(IndexedSecret::from_bytes(pins.try_into().ok()?)),
        };
        Some(Secrets { ins: Some(IndexedSecret::from_bytes(*ins)), pins })
    }
}

impl std::fmt::Debug for IndexedSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IndexedSecrets").field("sin", &self.sin).finish_non_exhaustive()
    }
}
