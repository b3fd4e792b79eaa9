//! The contracts of the stores, as suites that any store runs with one line.
//!
//! [`nuts`] checks a [`NutStore`](crate::nuts::NutStore), [`identities`] an
//! [`IdentityStore`](crate::identities::IdentityStore). Every check panics with the clause of the
//! contract that the store breaks.

#![allow(clippy::missing_panics_doc, reason = "that is what checks do")]

mod clause;
pub mod identities;
pub mod nuts;
