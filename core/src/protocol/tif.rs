use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// Transaction information flags, which describe the state *after* the command.
///
/// *On The Wire*, "Server Parameters", `tif`, and "TIF Bits and Client Server Interaction Details".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Tif(u16);

impl Tif {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// The current identity is known.
    pub const ID_MATCH: Self = Self(0x01);
    /// The previous identity is known.
    pub const PREVIOUS_ID_MATCH: Self = Self(0x02);
    /// The client has the address that requested the SQRL URL.
    pub const IPS_MATCH: Self = Self(0x04);
    /// Sign-in with this identity is disabled.
    pub const DISABLED: Self = Self(0x08);
    /// The server does not support the command.
    pub const NOT_SUPPORTED: Self = Self(0x10);
    /// The client should retry with the nut of this reply.
    ///
    /// *On The Wire*, "Transient Error Details".
    pub const TRANSIENT: Self = Self(0x20);
    /// The command failed and changed nothing.
    pub const FAILED: Self = Self(0x40);
    /// The client caused the failure.
    pub const CLIENT_FAILURE: Self = Self(0x80);
    /// The chain or the SQRL URL belongs to another identity.
    pub const BAD_ID_ASSOCIATION: Self = Self(0x100);
    /// The current identity has been replaced by a newer one.
    ///
    /// *On The Wire*, "Handling Superseded Identities".
    pub const SUPERSEDED: Self = Self(0x200);

    /// C0: the request is invalid.
    pub const REFUSED: Self = Self(0xC0);
    /// 60: the command failed, and the client should retry.
    pub const TRY_AGAIN: Self = Self(0x60);

    /// Returns the flags as a number.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Returns whether all flags of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns these flags if `condition` holds, and no flags otherwise.
    #[must_use]
    pub const fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }
}

impl BitOr for Tif {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Tif {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// The wire form: lower-case hexadecimal without prefix or leading zeros.
impl fmt::Display for Tif {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl fmt::Debug for Tif {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tif({:X})", self.0)
    }
}
