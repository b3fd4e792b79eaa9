/// A random number that an identity gets when it is created and anew with every disable,
/// enable and rekey: nothing that was pending before outlives it.
// Packed, so that a record in memory has room for everything within its 300 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(Rust, packed)]
pub struct Epoch(u64);

impl Epoch {
    /// Creates an epoch from `number`, which must be random for a new one.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0
    }
}
