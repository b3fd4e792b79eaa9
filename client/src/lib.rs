//! x
pub mod base64url;
pub mod keys;
mod link;
pub mod wire;
pub use link::{Link, LinkError};
