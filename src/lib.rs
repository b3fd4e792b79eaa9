//! Sign in with SQRL.

#[cfg(feature = "web")]
pub mod web;
