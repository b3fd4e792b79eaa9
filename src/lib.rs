//! Sign in with SQRL.
