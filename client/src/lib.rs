//! A headless SQRL client: it signs in without a phone, for tests and for trying out.
//!
//! It is written from the specification and shares no code with the server, so that the
//! two cannot be wrong together. It keeps keys in the clear where that is handy: it is
//! not a wallet.
//!
//! A sign-in with the little [`browser`] that comes along:
//!
//! ```no_run
//! use std::time::Duration;
//! use tower_sqrl_client::browser::{Browser, Waiting};
//! use tower_sqrl_client::{Client, Identity};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let browser = Browser::default();
//! let page = browser.open("http://127.0.0.1:8080/login").await?;
//! let link = page.sqrl_link()?;
//!
//! let alice = Client::new(Identity::from_seed([7; 32]));
//! alice.sign_in(&link).await?;
//!
//! match browser.wait(&page.url, &link, Duration::from_secs(5)).await? {
//!     Waiting::GoTo(url) => println!("{}", browser.open(url.as_str()).await?.body),
//!     other => panic!("{other:?}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | For | See |
//! |---|---|
//! | identities, previous ones, files | [`Identity`] |
//! | the five commands, options, questions | [`Client`] |
//! | one exchange step by step, hostile requests | [`Session`], [`wire`] |
//! | another address, headers, a server behind a proxy | [`HttpBuilder`] |
//! | same-device sign-in | [`cps`] |
//! | the key derivation | [`keys`] |
//! | thousands of sign-ins, to measure a server (feature `load`) | `load` |
//! | the attacks that have worked on other servers, on one's own (feature `attack`) | `attack` |

#[cfg(feature = "attack")]
pub mod attack;
pub mod base64url;
pub mod browser;
mod client;
pub mod cps;
mod error;
mod http;
pub mod identity;
pub mod keys;
mod link;
#[cfg(feature = "load")]
pub mod load;
#[cfg(any(feature = "attack", feature = "load"))]
mod own_server;
mod session;
pub mod wire;

pub use crate::client::{Answer, Client};
pub use crate::error::{Error, Refusal};
pub use crate::http::{Http, HttpBuilder, HttpError};
pub use crate::identity::{FileError, Identity, RescueCode, UnlockError};
pub use crate::link::{Link, LinkError};
pub use crate::session::{Outcome, Session, Standing, Step};

/// The README's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
