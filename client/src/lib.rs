//! A headless SQRL client for tests and demonstrations.
//!
//! It is written from the specification and shares no code with the server, so that both
//! cannot be wrong in the same way. It is not a wallet: it stores the keys that sign in
//! unencrypted.
//!
//! This example signs in with the included [`browser`]:
//!
//! ```no_run
//! use std::time::Duration;
//! use tower_sqrl_client::browser::{Browser, Waiting};
//! use tower_sqrl_client::{Client, Identity};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let browser = Browser::default();
//! let page = browser.open("http://127.0.0.1:8080/login").await?;
//! let sqrl_url = page.sqrl_url()?;
//!
//! let alice = Client::new(Identity::from_seed([7; 32]));
//! alice.sign_in(&sqrl_url).await?;
//!
//! match browser.wait(&page.url, &sqrl_url, Duration::from_secs(5)).await? {
//!     Waiting::GoTo(url) => println!("{}", browser.open(url.as_str()).await?.body),
//!     other => panic!("{other:?}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | For | See |
//! |---|---|
//! | identities, their previous ones, files | [`Identity`] |
//! | the five commands, options, questions | [`Client`] |
//! | single requests, invalid requests | [`Session`], [`wire`] |
//! | other addresses, headers, servers behind a proxy | [`HttpBuilder`] |
//! | sign-ins on the same device | [`cps`] |
//! | key derivation | [`keys`] |
//! | measuring your server (feature `load`) | `load` |
//! | attacking your server (feature `attack`) | `attack` |

#[cfg(feature = "attack")]
pub mod attack;
pub mod base64url;
pub mod browser;
mod client;
pub mod cps;
mod error;
mod http;
mod identity;
pub mod keys;
#[cfg(feature = "load")]
pub mod load;
mod session;
mod sqrl_url;
#[cfg(any(feature = "attack", feature = "load"))]
mod target_address;
pub mod wire;

pub use crate::client::Client;
pub use crate::error::{Error, Refusal};
pub use crate::http::{Http, HttpBuilder, HttpError};
pub use crate::identity::{FileError, Identity, RescueCode, RescueCodeError, UnlockError};
pub use crate::session::{Answer, Outcome, Session, Standing, Step};
pub use crate::sqrl_url::{SqrlUrl, SqrlUrlError};

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
