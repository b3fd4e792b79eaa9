//! The pure decision alone, for this project's bench of the pieces.

use super::decide::{self, Decision, Policy};
use super::random;
use tower_sqrl_core::identities::{Change, Lookup};
use tower_sqrl_core::protocol::{Request, Tif};

/// What was decided.
#[derive(Debug)]
pub struct Decided(Decision);

impl Decided {
    /// Returns the tif of the reply.
    pub fn tif(&self) -> Tif {
        self.0.tif
    }

    /// Returns the change to write.
    pub fn change(&self) -> Option<&Change> {
        self.0.change.as_ref()
    }
}

/// Decides as the engine does, random numbers and all, on a site that accepts new identities
/// and for a client at the browser's address.
pub fn decide(request: &Request, lookup: &Lookup) -> Decided {
    let policy = Policy { accepts_new: true };
    Decided(decide::decide(request, lookup, true, policy, random::fresh()))
}
