//! A headless SQRL client: signs in without a phone.
#![doc = ""]
pub mod base64url;
pub mod browser;
mod client;
pub mod cps;
mod error;
mod http;
pub mod identity;
pub mod keys;
mod link;
mod session;
pub mod wire;

pub use crate::client::{Answer, Client};
pub use crate::error::{Error, Refusal};
pub use crate::http::{Http, HttpBuilder, HttpError};
pub use crate::identity::{FileError, Identity, RescueCode, UnlockError};
pub use crate::link::{Link, LinkError};
pub use crate::session::{Outcome, Session, Standing, Step};
