//! Values of the SQRL protocol: parses and verifies requests, and writes replies.
//!
//! A request passes three stages, each a type of its own: the bytes of the form, an
//! [`UnverifiedRequest`], and a [`Request`], which exists only if every signature in it verifies. A
//! change that the specification protects by an unlock request signature requires an
//! [`UnlockProof`], which only [`Request::prove_unlock`] creates.
//!
//! The module is pure: no async, clock, randomness or I/O.
//!
//! # Specification
//!
//! The items refer to these documents by name and section:
//!
//! - [*SQRL On The Wire*](https://www.grc.com/sqrl/sqrl_on_the_wire.pdf), version 1.07: requests and
//!   replies;
//! - [*SQRL Operating Details*](https://www.grc.com/sqrl/sqrl_operating_details.pdf), version 1.01:
//!   SQRL URLs, and clients on the same device and on another one;
//! - [*SQRL Cryptography*](https://www.grc.com/sqrl/sqrl_cryptography.pdf), version 1.04: keys and
//!   signatures;
//! - [*SQRL Explained*](https://www.grc.com/sqrl/sqrl_explained.pdf): an introduction.
//!
//! `docs/protocol.md` in the repository describes what they leave open and where this server differs.

pub mod ask;
pub mod base64url;
mod client;
mod command;
mod error;
mod form;
mod keys;
mod lines;
mod nut;
mod options;
mod public_url;
mod reply;
mod request;
mod signature;
mod tif;
mod version;

pub use ask::{Ask, AskError, Button};
pub use client::ClientParams;
pub use command::Command;
pub use error::ProtocolError;
pub use keys::{Idk, IndexedSecret, Suk, Vuk};
pub use nut::Nut;
pub use options::Options;
pub use public_url::{PublicUrl, PublicUrlError, UrlScheme};
pub use reply::Reply;
pub use request::{Request, UnlockProof, UnverifiedRequest};
pub use tif::Tif;
