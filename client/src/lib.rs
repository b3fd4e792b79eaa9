//! x
pub mod base64url;
pub mod keys;
