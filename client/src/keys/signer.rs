//! Keys that sign requests.

/// A key that makes one of the signatures of a request: `ids`, `pids` or `urs`.
pub trait Signer {
    /// Returns the 64-byte Ed25519 signature of `message`.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

impl<S: Signer + ?Sized> Signer for &S {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        (**self).sign(message)
    }
}
