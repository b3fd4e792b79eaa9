//! x
pub mod base64url;
pub mod identity;
pub mod keys;
mod link;
pub mod wire;
pub use identity::*;
pub use link::{Link, LinkError};
