//! The values of the model: numbers for keys, nuts, browsers and so on.

use std::fmt;

/// Seconds of the model's clock. The clocks of servers may be ahead of it.
pub type Seconds = u64;

/// A person's key pair at this site, whose public key is an `idk` or `pidk`. Each person has
/// [`GENERATIONS`] of them; a later one replaces an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub u8);

/// A pair of `suk` and `vuk`. Its owner can sign `urs` for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lock(pub u8);

/// The address that a request comes from. The last two addresses belong to one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub u8);

/// One of the servers that share the stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server(pub u8);

/// A browser with its cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Browser(pub u8);

/// The number of a nut, in the order in which the servers issued them, dead or live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nut(pub usize);

/// The number of a wait, in the order in which they began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait(pub usize);

/// The number of a CPS URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CpsUrl(pub usize);

/// The number of an epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u32);

impl Epoch {
    /// An epoch that the model did not expect.
    pub const UNKNOWN: Self = Self(u32::MAX);
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UNKNOWN => f.write_str("an unknown epoch"),
            Self(number) => write!(f, "epoch {number}"),
        }
    }
}

/// The number of an account of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User(pub u8);

/// Persons in a history.
pub const PERSONS: u8 = 3;
/// Key pairs of one person.
pub const GENERATIONS: u8 = 4;
/// Pairs of `suk` and `vuk` of one person.
pub const LOCKS: u8 = 4;
/// Servers that share the stores.
pub const SERVERS: u8 = 3;
/// Browsers.
pub const BROWSERS: u8 = 3;
/// Addresses.
pub const ADDRESSES: u8 = 4;
/// The waits whose secrets one browser keeps, and the ended waits that it remembers. The model begins
/// no more waits than that.
pub const WAITS_OF_A_BROWSER: usize = 20;

impl Key {
    /// Returns a person's key.
    pub fn of(person: u8, generation: u8) -> Self {
        Self(person * GENERATIONS + generation)
    }

    /// Returns the owner.
    pub fn person(self) -> u8 {
        self.0 / GENERATIONS
    }

    /// Returns the generation: 0 for the first key.
    pub fn generation(self) -> u8 {
        self.0 % GENERATIONS
    }
}

/// The owner's name and the generation.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let person = ["Alice", "Bob", "Carol"][usize::from(self.person())];
        write!(f, "{person} {}", self.generation())
    }
}

impl Lock {
    /// Returns a person's pair.
    pub fn of(person: u8, number: u8) -> Self {
        Self(person * LOCKS + number % LOCKS)
    }

    /// Returns the owner.
    pub fn person(self) -> u8 {
        self.0 / LOCKS
    }
}

impl Address {
    /// Returns the address that represents the block. Limits count by block.
    pub fn block(self) -> Self {
        Self(self.0.min(ADDRESSES - 2))
    }
}
