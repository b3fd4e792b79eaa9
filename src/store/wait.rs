use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::protocol::Nut;

/// Under which a chain's outcome is filed: the hash of the secret that only the browser
/// that asked for the link holds.
///
/// Section 4 of `docs/protocol.md`: the specification leaves open how a browser proves
/// that it asked for the link.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WaitId(Nut);

impl WaitId {
    /// The wait id of a browser's secret: the first 128 bits of its SHA-256.
    pub fn of_secret(secret: &[u8; 16]) -> Self {
        Self::of_hash(Sha256::digest(secret).into())
    }

    /// The id under which the wait's refusal is stored: the first 128 bits of the SHA-256 of
    /// `refusal` and the wait id.
    ///
    /// The outcome and the refusal have a key each, so that storing a refusal never touches an
    /// outcome.
    #[must_use]
    pub fn refusal(&self) -> Self {
        Self::of_hash(
            Sha256::new_with_prefix(b"refusal").chain_update(self.as_bytes()).finalize().into(),
        )
    }

    fn of_hash(hash: [u8; 32]) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Self(Nut::from_bytes(bytes))
    }

    /// The id of these 16 bytes: for ids that come back from a store.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Nut::from_bytes(bytes))
    }

    /// The id's 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The key of the outcome, for the hooks that take a nut.
    pub const fn as_nut(&self) -> &Nut {
        &self.0
    }
}

impl fmt::Debug for WaitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WaitId(…)")
    }
}
