//! A tower middleware for SQRL sign-in, with extractors for axum. It works on one server or many.
//!
//! SQRL (Secure Quick Reliable Login) replaces passwords with a key pair per site, so the server stores
//! no secret. The sign-in page shows a URL with a one-time *nut*, as a button and as a QR code. The
//! user's SQRL client answers with signed requests. Then the page is signed in; or, on the same device,
//! the client opens a one-time URL in the browser.
//!
//! GRC specifies SQRL in [*Explained*](https://www.grc.com/sqrl/sqrl_explained.pdf),
//! [*Operating Details*](https://www.grc.com/sqrl/sqrl_operating_details.pdf),
//! [*Cryptography*](https://www.grc.com/sqrl/sqrl_cryptography.pdf) and
//! [*On The Wire*](https://www.grc.com/sqrl/sqrl_on_the_wire.pdf).
//!
//! # Example
//!
//! ```
//! use axum::response::{Redirect, Response};
//! use axum::routing::get;
//! use axum::Router;
//! use tower_sqrl::Sqrl;
//! use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
//! use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
//!
//! async fn login(challenge: SqrlChallenge) -> Response {
//!     challenge.page()
//! }
//!
//! async fn signed_in(login: SqrlLogin) -> Redirect {
//!     let claim = login.claim();
//!     // … start your own session under a new session id, and keep `claim` in it. When a request
//!     // arrives with the session, ask `Sqrl::check` whether the claim is current …
//! #   drop(claim);
//!     Redirect::to("/")
//! }
//!
//! # fn main() -> Result<(), tower_sqrl::ConfigError> {
//! let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
//! let sqrl = Sqrl::builder("https://example.com", nuts, identities).build()?;
//! let app: Router = Router::new()
//!     .route("/login", get(login))
//!     .route("/signed-in", get(signed_in))
//!     .layer(sqrl.layer());
//! # let _ = app;
//! # Ok(())
//! # }
//! ```
//!
//! Serve the application with `into_make_service_with_connect_info::<SocketAddr>()`, because SQRL
//! compares the addresses of browser and client.
//!
//! The layer answers requests for `cli.sqrl`, `nut.sqrl`, `pag.sqrl`, `cps.sqrl`, `png.sqrl` and a few
//! more paths, whose names are common to SQRL servers. It adds the result of a sign-in to the request
//! for `/signed-in`. All other requests pass through unchanged. The layer has no session of its own.
//!
//! The [`guide`] has a page for each task. It explains how to add a sign-in and find out why one fails,
//! and covers custom pages, users tables, proxies, several servers and tests.
//!
//! # Without axum
//!
//! [`Sqrl::layer`] wraps any `tower::Service` of HTTP requests. Insert a [`PeerAddress`] into the
//! extensions of each request. Call [`Sqrl::challenge`] for a SQRL URL. A request for the path that
//! receives sign-ins has a [`SignInResult`] in its extensions.
//!
//! # Stores
//!
//! - A [`NutStore`](nuts::NutStore) holds sign-ins in progress, for minutes: in memory, or shared in
//!   SQLite, Redis or Postgres (`tower-sqrl-sqlite`, `tower-sqrl-redis`, `tower-sqrl-postgres`).
//! - An [`IdentityStore`](identities::IdentityStore) holds identities permanently: in SQLite, in
//!   Postgres, or in your own users table.
//!
//! # Security
//!
//! - The layer verifies a request's signatures before it touches any state.
//! - One atomic operation, the take of the nut, decides. So each nut works once.
//! - Rekey, enable and remove need a value that only a verified unlock request signature creates
//!   ([`protocol::UnlockProof`]).
//! - Disable, enable, rekey and remove invalidate every sign-in in progress.
//!
//! In the repository, `docs/security.md` lists what each attacker can and cannot do,
//! `docs/protocol.md` the server's reply in each situation, and `docs/testing.md` the test for each
//! guard.
//!
//! # Features
//!
//! | Feature | Default | Content |
//! |---|---|---|
//! | `axum` | yes | extractors, rejections, the address of `ConnectInfo` |
//! | `serde` | yes | serde for claims, keys, nuts and user ids |
//! | `web` | yes | the built-in sign-in page, its script and style, QR codes |
//! | `sin` | | indexed secrets, encrypted in the store |
//! | `idna` | | public URLs outside ASCII, converted to Punycode |
//! | `conformance` | | test suites for stores |
//! | `faults` | | stores that fail on purpose, for tests |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(doctest, feature = "axum", feature = "web"))]
#[doc = include_str!("../README.md")]
struct Readme;

mod address_block;
#[cfg(feature = "axum")]
pub mod axum;
mod engine;
#[cfg(all(feature = "axum", feature = "web", any(doc, doctest)))]
pub mod guide;
pub mod memory;
mod service;
mod setup;
#[cfg(feature = "web")]
pub mod web;
#[cfg(not(feature = "web"))]
mod web;

pub use engine::{
    Answer, ChallengeOptions, Claim, ClaimStatus, Clock, InvalidClaim, LinkError, NotSignedIn,
    SignIn,
};
pub use service::{Challenge, ChallengeError, PeerAddress, SignInResult, Sqrl, SqrlLayer};
pub use setup::{ConfigError, SqrlBuilder};
#[cfg(feature = "conformance")]
pub use tower_sqrl_core::conformance;
#[cfg(feature = "faults")]
pub use tower_sqrl_core::faults;
pub use tower_sqrl_core::{StoreError, StoreErrorKind, identities, nuts, protocol};

/// The service that [`SqrlLayer`] makes, its response body and its future: types that tower needs and
/// an application rarely names.
pub mod middleware {
    pub use crate::service::{ResponseFuture, SqrlBody, SqrlService};
}
