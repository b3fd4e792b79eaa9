/// A random number that changes with every disable, enable and rekey of an identity, so that nothing
/// pending outlives them.
// Packed, to keep a record in memory below 300 bytes.
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
