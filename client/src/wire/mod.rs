//! Requests and replies of the SQRL protocol, written independently of the server.
//!
//! The types are public and enforce little: a test can build a request with any field
//! altered, missing or repeated, and sign it with any key. [`Reply`] is parsed strictly.
//!
//! Specification: [*SQRL On The Wire*](https://www.grc.com/sqrl/sqrl_on_the_wire.pdf), version 1.07.

mod ask;
mod form;
mod list;
mod params;
mod reply;
mod tif;

pub use ask::{Ask, Button};
pub use form::Form;
pub use list::{List, ListError};
pub use params::{ClientParams, Command, Options};
pub use reply::{Reply, ReplyError};
pub use tif::{Tif, TifError};
