//! Sign in with SQRL.

pub mod protocol;
