//! Sign in with SQRL.

#[cfg(feature = "axum")]
pub mod axum;
mod engine;
pub mod identity;
pub mod protocol;
mod service;
mod setup;
pub mod store;
#[cfg(feature = "web")]
pub mod web;

pub use engine::{Clock, Lifetimes, LinkOptions, NotSignedIn, SignIn};
pub use service::{
    Challenge, ChallengeError, LinkError, PeerAddress, ResponseFuture, SignInResult, Sqrl,
    SqrlBody, SqrlLayer, SqrlService,
};
pub use setup::{ConfigError, SqrlBuilder};
