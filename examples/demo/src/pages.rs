//! The pages, as values in and HTML out. maud escapes what it inserts.

pub(crate) mod account;
pub(crate) mod assets;
pub(crate) mod home;
pub(crate) mod layout;
pub(crate) mod linking;
