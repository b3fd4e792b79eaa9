//! Stores in memory: for one process, for tests, and for demonstrations.

mod identities;
mod nuts;

pub use identities::MemoryIdentityStore;
pub use nuts::MemoryNutStore;
