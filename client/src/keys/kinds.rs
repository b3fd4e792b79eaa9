//! The kinds of keys. Each is 32 bytes; none can stand where another belongs.

use std::fmt;

use zeroize::Zeroizing;

use crate::base64url::{self, Malformed};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Wiped from memory when dropped; `Debug` never prints it.
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Zeroizing<[u8; 32]>);

        impl $name {
            /// The key with these bytes.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(Zeroizing::new(bytes))
            }

            /// The secret bytes.
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
        /// Displayed and parsed as the wire has it: 43 characters of base64url.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The key with these bytes; whether it is a good one is not looked at.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
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
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                base64url::decode_array(text).map(Self)
            }
        }
    };
}

secret! {
    /// Identity Unlock Key: the root of an identity, needed only with the rescue code.
    Iuk
}
secret! {
    /// Identity Master Key: makes every site's key; derived from the [`Iuk`] by `EnHash`.
    Imk
}
secret! {
    /// Identity Lock Key: the public half of the [`Iuk`] for key agreement. Kept like a
    /// secret because it would link a user's accounts.
    Ilk
}
secret! {
    /// Random Lock Key: made for one `suk` and `vuk`, then forgotten.
    Rlk
}
public! {
    /// Identity Key: the user's public key at one site (`idk`, `pidk`).
    Idk
}
public! {
    /// Server Unlock Key: kept by the site, given back where a `urs` is needed.
    Suk
}
public! {
    /// Verify Unlock Key: kept by the site, verifies a `urs`.
    Vuk
}

impl Rlk {
    /// A fresh random one.
    pub fn generate() -> Self {
        Self::from_bytes(rand::random())
    }
}

impl Iuk {
    /// A fresh random one: a new identity.
    pub fn generate() -> Self {
        Self::from_bytes(rand::random())
    }

    /// The master key that descends from it.
    pub fn imk(&self) -> Imk {
        Imk(super::enhash(self.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
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
