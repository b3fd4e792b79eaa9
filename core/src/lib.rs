//! The values and the store traits of [`tower-sqrl`], without HTTP.
//!
//! Depend on this crate to write a store. An application depends on `tower-sqrl`, which re-exports
//! everything here.
//!
//! - [`protocol`] has the values of the SQRL protocol and parses and verifies requests.
//! - [`nuts`] has the trait [`NutStore`](nuts::NutStore) and the records of sign-ins in progress.
//! - [`identities`] has the trait [`IdentityStore`](identities::IdentityStore) and the rows of
//!   identities.
//!
//! # Features
//!
//! | Feature | Adds |
//! |---|---|
//! | `conformance` | suites that check a store against its contract |
//! | `faults` | stores that inject failures, for tests |
//! | `serde` | serde for keys, nuts and user ids, as text |
//! | `idna` | public URLs outside ASCII, converted to Punycode |
//!
//! [`tower-sqrl`]: https://github.com/tower-sqrl/tower-sqrl

#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
mod text;

#[cfg(feature = "conformance")]
pub mod conformance;
mod epoch;
mod error;
#[cfg(feature = "faults")]
pub mod faults;
pub mod identities;
pub mod nuts;
pub mod protocol;

pub use error::{StoreError, StoreErrorKind};
