//! The types of keys. Each is 32 bytes and cannot be used in place of another.

use std::fmt;

use zeroize::Zeroizing;

use super::enhash::enhash;
use crate::base64url::{self, DecodeError};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Wiped from memory when dropped. `Debug` hides it.
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Zeroizing<[u8; 32]>);

        impl $name {
            /// Returns the key with these bytes.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(Zeroizing::new(bytes))
            }

            /// Returns the secret bytes.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(secret)"))
            }
        }
    };
}

macro_rules! public {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Displayed and parsed as 43 characters of base64url.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Returns the key with these bytes. Does not check that they are a valid key.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Returns the bytes.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&base64url::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = DecodeError;

            fn from_str(text: &str) -> Result<Self, DecodeError> {
                base64url::decode_array(text).map(Self)
            }
        }
    };
}

secret! {
    /// An Identity Unlock Key: the root of an identity. The rescue code protects it.
    Iuk
}
secret! {
    /// An Identity Master Key: every site's key is derived from it. It is the `EnHash` of
    /// the [`Iuk`].
    Imk
}
secret! {
    /// An Identity Lock Key: the public half of the [`Iuk`] for key agreement. It is kept
    /// secret because sites could recognize a user by it.
    Ilk
}
secret! {
    /// A Random Lock Key: used for one pair of `suk` and `vuk`, then discarded.
    Rlk
}
public! {
    /// An Identity Key: the public key of an identity at one site (`idk`, `pidk`).
    Idk
}
public! {
    /// A Server Unlock Key: the site stores it, and returns it when a `urs` is needed.
    Suk
}
public! {
    /// A Verify Unlock Key: the site stores it, and verifies a `urs` with it.
    Vuk
}

impl Rlk {
    /// Returns a new random key.
    pub fn generate() -> Self {
        Self::from_bytes(rand::random())
    }
}

impl Iuk {
    /// Returns a new random key: a new identity.
    pub fn generate() -> Self {
        Self::from_bytes(rand::random())
    }

    /// Returns the master key that is derived from this key.
    pub fn imk(&self) -> Imk {
        Imk(enhash(self.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_secrets() {
        assert_eq!(format!("{:?}", Iuk::from_bytes([7; 32])), "Iuk(secret)");
        assert_eq!(format!("{:?}", Imk::from_bytes([7; 32])), "Imk(secret)");
    }

    #[test]
    fn public_keys_round_trip_as_text() {
        let idk = Idk::from_bytes([0xfb; 32]);
        assert_eq!(idk.to_string().parse(), Ok(idk));
        assert!("AAAA".parse::<Idk>().is_err());
    }
}
