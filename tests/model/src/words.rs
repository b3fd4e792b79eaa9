//! The words of the model: who, what and when, without a byte of the wire.

use std::fmt;

/// A second of the one clock that the model knows; servers may be ahead of it.
pub type Seconds = u64;

/// A key pair of somebody at this site: what an `idk` or `pidk` names. Four belong to each
/// person, the later ones to identities that replaced the earlier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub u8);

/// A pair of `suk` and `vuk`, and who can sign a `urs` for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lock(pub u8);

/// Where a request comes from. The last two are in one block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub u8);

/// One of the servers that share the stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server(pub u8);

/// A browser, that is: its cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Browser(pub u8);

/// The nth nut that any server gave out, dead or alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nut(pub usize);

/// The nth page that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait(pub usize);

/// The nth CPS URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cps(pub usize);

/// The nth epoch that any identity had.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u32);

impl Epoch {
    /// One that the model does not know.
    pub const STRANGE: Self = Self(u32::MAX);
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::STRANGE => f.write_str("a strange epoch"),
            Self(number) => write!(f, "epoch {number}"),
        }
    }
}

/// The nth account of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User(pub u8);

/// How many there are of each in a history.
pub const PERSONS: u8 = 3;
/// Keys of one person, the oldest first.
pub const GENERATIONS: u8 = 4;
/// Pairs of `suk` and `vuk` that one person makes.
pub const LOCKS: u8 = 4;
/// Servers that share the stores.
pub const SERVERS: u8 = 3;
/// Browsers.
pub const BROWSERS: u8 = 3;
/// Addresses; the last two are of one block.
pub const ADDRESSES: u8 = 4;
/// So many waits' secrets are kept by one browser, and so many words of waits that are over; the
/// model never begins more waits.
pub const WAITS_OF_A_BROWSER: usize = 20;

impl Key {
    /// A person's key.
    pub fn of(person: u8, generation: u8) -> Self {
        Self(person * GENERATIONS + generation)
    }

    /// Whose it is.
    pub fn person(self) -> u8 {
        self.0 / GENERATIONS
    }

    /// Which of them: 0 for the first.
    pub fn generation(self) -> u8 {
        self.0 % GENERATIONS
    }
}

/// The owner's name, and which of the keys.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let person = ["Alice", "Bob", "Carol"][usize::from(self.person())];
        write!(f, "{person} {}", self.generation())
    }
}

impl Lock {
    /// A person's pair.
    pub fn of(person: u8, number: u8) -> Self {
        Self(person * LOCKS + number % LOCKS)
    }

    /// Whose it is.
    pub fn person(self) -> u8 {
        self.0 / LOCKS
    }
}

impl Address {
    /// The block that failures are counted for.
    pub fn block(self) -> Self {
        Self(self.0.min(ADDRESSES - 2))
    }
}
