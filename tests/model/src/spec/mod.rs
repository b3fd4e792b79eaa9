//! The model of `docs/protocol.md`. Nuts, waits, CPS URLs and identities are numbers, and signatures
//! are valid or not.
//!
//! Read it next to that page: `client` has section 2, `situations` has section 3 with the numbers of
//! the rows, and `browser` has section 4. The model shares no code with the engine. It is written to
//! be read, not to be fast.

mod browser;
mod client;
mod site;
mod situations;
mod state;
mod wire;

pub use browser::{CpsQuestion, CpsRedirect, NoUrl, NotSignedIn, SignIn};
pub use site::{Lifetimes, Spec};
pub use state::{Identity, KeyState, Outcome, OutcomeKind, PollResult};
pub use wire::{NutParam, Reply, Request, ServerField};
