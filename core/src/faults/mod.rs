//! Stores that inject failures, delays and lost replies into chosen calls, and count the calls.
//!
//! Use them to test what your application does when a store fails.
//!
//! ```
//! # use std::sync::Arc;
//! use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
//! use tower_sqrl_core::faults::{Fault, Faults, FaultyIdentityStore, FaultyNutStore, Hook};
//! use tower_sqrl_core::nuts::NutState;
//!
//! let faults = Faults::new();
//! let nuts = FaultyNutStore::new(Arc::new(MemoryNutStore::new()), &faults);
//! let identities = FaultyIdentityStore::new(Arc::new(MemoryIdentityStore::new()), &faults);
//!
//! // The second take of a client's nut takes effect, but its reply is lost.
//! let take = Hook::RemoveNut(NutState::Pending);
//! faults.nth(take, 2, Fault::LoseReply);
//! // Every identity look-up fails from now on.
//! faults.every(Hook::LookUp, Fault::Fail);
//! assert_eq!(faults.calls(take), 0);
//! # drop((nuts, identities));
//! ```
//!
//! A paused clock shows how many calls run in sequence: with a [`Fault::Delay`] of one second for
//! every call, a step takes one second for each. [`Intercept`] covers what a [`Fault`] cannot express.

mod gate;
mod hook;
mod intercept;
mod plan;
mod stores;

pub use gate::Gate;
pub use hook::Hook;
pub use intercept::{Intercept, Verdict};
pub use plan::{Call, Fault, Faults};
pub use stores::{FaultyIdentityStore, FaultyNutStore};
