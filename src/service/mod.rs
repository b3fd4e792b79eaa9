//! The middleware: which paths are ours, who is at the other end, and what HTTP says about
//! what the engine decided.

mod account_names;
mod body;
mod challenge;
mod challenge_error;
mod client_address;
mod completion;
mod cookies;
mod endpoints;
mod events;
mod layer;
mod other_site;
mod query;
mod request_body;
mod respond;
mod routes;
mod sign_in;
mod sqrl;
mod stream_slots;

pub use body::SqrlBody;
pub use challenge::Challenge;
pub use challenge_error::ChallengeError;
pub use client_address::PeerAddress;
pub use layer::{ResponseFuture, SqrlLayer, SqrlService};
pub use sign_in::SignInResult;
pub use sqrl::Sqrl;

pub(crate) use account_names::AccountNames;
pub(crate) use client_address::{ClientAddress, LoggedOnce};
pub(crate) use routes::Routes;
pub(crate) use sqrl::Settings;

/// What a body may fail with.
type BoxError = Box<dyn std::error::Error + Send + Sync>;
