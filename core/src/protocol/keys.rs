use std::fmt;
use std::str::FromStr;

use super::base64url;
use super::{ProtocolError, signature};

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes the key's 32 bytes as they are, unchecked: for keys that come back
            /// from a store.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The key's 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        /// Unpadded base64url, 43 characters.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                base64url::write(&self.0, f)
            }
        }

        /// Six characters: enough to tell two keys apart in a log, and no whole key there.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = base64url::encode(self.0);
                write!(f, concat!(stringify!($name), "({}…)"), &text[..6])
            }
        }

        serde_as_text!($name);
    };
}

key! {
    /// Identity key: who signs in, to this site alone. An Ed25519 public key.
    ///
    /// `idk` and `pidk` of the specification: a previous identity key is an identity
    /// key that its owner has left behind.
    ///
    /// *On The Wire*, "Client Keys"; *Cryptography*, "SQRL’s Site-Specific Key".
    Idk
}

key! {
    /// Server unlock key: kept here and given back, so that the owner's client can make
    /// the key that signs `urs`. An X25519 public key; the server never computes with it.
    ///
    /// *On The Wire*, "Client Keys"; *Cryptography*, "Identity Lock".
    Suk
}

key! {
    /// Verify unlock key: verifies `urs`. An Ed25519 public key.
    ///
    /// *On The Wire*, "Client Keys"; *Cryptography*, "Identity Lock".
    Vuk
}

/// Reads unpadded base64url of exactly 32 bytes.
///
/// Whether the bytes are a key that can sign shows when a signature is verified with it.
///
/// # Errors
///
/// [`ProtocolError::Base64url`] or [`ProtocolError::Length`].
impl FromStr for Idk {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        base64url::decode_exact(text).map(Self)
    }
}

/// Reads unpadded base64url of exactly 32 bytes.
///
/// # Errors
///
/// [`ProtocolError::Base64url`] or [`ProtocolError::Length`].
impl FromStr for Suk {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        base64url::decode_exact(text).map(Self)
    }
}

/// Reads unpadded base64url of exactly 32 bytes that are a canonical key of large order. With any
/// other key, a signature that the owner never made could verify.
///
/// # Errors
///
/// [`ProtocolError::Base64url`], [`ProtocolError::Length`] or [`ProtocolError::WeakKey`].
impl FromStr for Vuk {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        let bytes = base64url::decode_exact(text)?;
        signature::strict_key(&bytes).ok_or(ProtocolError::WeakKey)?;
        Ok(Self(bytes))
    }
}

/// An indexed secret (`ins` or `pins`): 32 bytes that the owner's client derives from
/// the identity and the site's `sin`. It never prints and is wiped when dropped.
///
/// *On The Wire*, "Client Secrets"; *Cryptography*, "Secret Index and Indexed Secrets".
#[derive(Clone, PartialEq, Eq)]
pub struct IndexedSecret(zeroize::Zeroizing<[u8; 32]>);

impl IndexedSecret {
    /// Takes the secret's 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(zeroize::Zeroizing::new(bytes))
    }

    /// The secret's 32 bytes.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn parse(text: &str) -> Result<Self, ProtocolError> {
        base64url::decode_exact(text).map(Self::from_bytes)
    }
}

impl fmt::Debug for IndexedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexedSecret(…)")
    }
}
