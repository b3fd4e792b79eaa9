//! Sign in with SQRL.

pub mod identity;
pub mod protocol;
pub mod store;
