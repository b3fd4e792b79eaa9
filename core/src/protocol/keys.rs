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
            /// Creates a key from 32 bytes that a store returned. The bytes are not checked.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Returns the 32 bytes.
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

        /// Six characters, so that a log tells keys apart and never contains a whole key.
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
    /// An identity key, which identifies a user at this site only. An Ed25519 public key.
    ///
    /// The specification's `idk`, and its `pidk`: a key that the owner has replaced.
    ///
    /// *On The Wire*, "Client Keys"; *Cryptography*, "SQRL’s Site-Specific Key".
    Idk
}

key! {
    /// A server unlock key. The server stores it and returns it, and the owner's client derives the key
    /// that signs `urs` from it. An X25519 public key, with which the server never computes.
    ///
    /// *On The Wire*, "Client Keys"; *Cryptography*, "Identity Lock".
    Suk
}

key! {
    /// A verify unlock key, which verifies `urs`. An Ed25519 public key.
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

/// An indexed secret (`ins` or `pins`): 32 bytes that the owner's client derives from the identity and
/// the site's `sin`. `Debug` hides it, and dropping erases it.
///
/// *On The Wire*, "Client Secrets"; *Cryptography*, "Secret Index and Indexed Secrets".
#[derive(Clone, PartialEq, Eq)]
pub struct IndexedSecret(zeroize::Zeroizing<[u8; 32]>);

impl IndexedSecret {
    /// Creates a secret from 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(zeroize::Zeroizing::new(bytes))
    }

    /// Returns the 32 bytes.
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
