//! Sign in with SQRL: a tower middleware with axum conveniences, for one server or fifty.
//!
//! SQRL (Secure Quick Reliable Login) signs people in with a key pair per site: no
//! password, and no secret on the server. A page shows a link and a QR code that hold a
//! one-time *nut*; the user's client answers with signed requests; the page learns that it
//! is signed in, or, on the same device, the client hands the browser a one-time URL. It is
//! specified by GRC: [*Explained*](https://www.grc.com/sqrl/sqrl_explained.pdf),
//! [*Operating Details*](https://www.grc.com/sqrl/sqrl_operating_details.pdf),
//! [*Cryptography*](https://www.grc.com/sqrl/sqrl_cryptography.pdf),
//! [*On The Wire*](https://www.grc.com/sqrl/sqrl_on_the_wire.pdf).
//!
//! # In an axum application
//!
//! ```
//! use axum::response::{Redirect, Response};
//! use axum::routing::get;
//! use axum::Router;
//! use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
//! use tower_sqrl::memory::MemoryIdentityStore;
//! use tower_sqrl::memory::MemoryNutStore;
//! use tower_sqrl::Sqrl;
//!
//! async fn login(challenge: SqrlChallenge) -> Response {
//!     challenge.page()
//! }
//!
//! async fn signed_in(login: SqrlLogin) -> Redirect {
//!     let (who, epoch) = (login.idk().to_string(), login.epoch());
//!     // … start the application's own session for `who`, under a new session id, and compare
//!     // the epoch with `Sqrl::identity` where the session is looked at …
//! #   let _ = (who, epoch);
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
//! Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: the client's address
//! is part of the protocol.
//!
//! The layer answers the paths by the field's standard names (`cli.sqrl`, `nut.sqrl`,
//! `pag.sqrl`, `cps.sqrl`, `png.sqrl`, …) and lets a request for the application's
//! `/signed-in` through with who has signed in. It owns no session. Every other request
//! passes through untouched.
//!
//! # In any tower application
//!
//! [`Sqrl::layer`] wraps any service of HTTP requests; put a [`PeerAddress`] into every
//! request's extensions. [`Sqrl::challenge`] makes links, and a request for the path that
//! gets the sign-in has a [`SignInResult`] in its extensions.
//!
//! # More
//!
//! The [`guide`] has a page for each task: adding a sign-in to an application and finding out why
//! it does not work, a page of one's own, one's own users table, proxies, several servers, testing.
//!
//! # State
//!
//! - A [`NutStore`](nuts::NutStore) keeps sign-ins under way for minutes: in memory, or
//!   shared in Redis or Postgres (`tower-sqrl-redis`, `tower-sqrl-postgres`).
//! - An [`IdentityStore`](identities::IdentityStore) keeps identities for ever: in an
//!   SQLite file (`tower-sqrl-sqlite`), in Postgres, or in the application's own users table.
//!
//! # Security
//!
//! A request touches no state before its signatures are verified; one atomic take of its
//! nut decides; rekey, enable and remove cannot be written without the proof of a valid
//! unlock request signature ([`protocol::UnlockProof`]); and nothing that is pending
//! outlives a disable, enable, rekey or remove. `docs/protocol.md` in the repository says
//! what the server answers, case by case, and `docs/testing.md` which test holds each guard.
//!
//! # Features
//!
//! | Feature | Default | What |
//! |---|---|---|
//! | `axum` | yes | extractors, rejections, the address of `ConnectInfo` |
//! | `web` | yes | the ready sign-in page, its script and style, QR codes |
//! | `sin` | | indexed secrets, sealed on their way through a shared store |
//! | `idna` | | a public URL outside ASCII is turned into Punycode |
//! | `conformance` | | the suites that every store has to pass |
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

#[cfg(feature = "bench")]
#[doc(hidden)]
pub use engine::bench;
pub use engine::{Answer, ChallengeOptions, Clock, Lifetimes, LinkError, NotSignedIn, SignIn};
pub use service::{
    Challenge, ChallengeError, PeerAddress, ResponseFuture, SignInResult, Sqrl, SqrlBody,
    SqrlLayer, SqrlService,
};
pub use setup::{ConfigError, SqrlBuilder};
#[cfg(feature = "conformance")]
pub use tower_sqrl_core::conformance;
#[cfg(feature = "faults")]
pub use tower_sqrl_core::faults;
pub use tower_sqrl_core::{StoreError, StoreErrorKind, identities, nuts, protocol};
