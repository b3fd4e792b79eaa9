//! Requests and replies, read and written independently of the server's own code, so
//! that the two cannot be wrong together.
//!
//! The parts are public and check nothing that a test may want to break: a request can
//! be built with any field altered, missing or doubled, and signed by any key.
//!
//! [*SQRL On The Wire*](https://www.grc.com/sqrl/sqrl_on_the_wire.pdf), version 1.07.

mod ask;
mod form;
mod list;
mod options;
mod params;
mod reply;
mod tif;

pub use ask::{Ask, Button};
pub use form::Form;
pub use list::{List, ListError};
pub use options::Options;
pub use params::{ClientParams, Command};
pub use reply::{Reply, ReplyError};
pub use tif::Tif;
