//! The wire: bytes in, values out. No async, no clock, no randomness, no I/O.
//!
//! A request passes through three shapes, and each is a type: the form's bytes, an
//! [`UnverifiedRequest`], and a [`Request`], which exists only if every signature that
//! it carries has been verified. What the specification guards with an unlock request
//! signature needs an [`UnlockProof`], which only [`Request::prove_unlock`] makes.
//!
//! # The specification
//!
//! Where an item stands in it, its documentation says by the name of the document and the section:
//!
//! - [*SQRL On The Wire*](https://www.grc.com/sqrl/sqrl_on_the_wire.pdf), version 1.07: requests and
//!   replies;
//! - [*SQRL Operating Details*](https://www.grc.com/sqrl/sqrl_operating_details.pdf), version 1.01:
//!   links, the same device and another one;
//! - [*SQRL Cryptography*](https://www.grc.com/sqrl/sqrl_cryptography.pdf), version 1.04: keys and
//!   signatures;
//! - [*SQRL Explained*](https://www.grc.com/sqrl/sqrl_explained.pdf): what it is for.
//!
//! What these leave open, or where we depart from them, `docs/protocol.md` in the repository settles.

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
