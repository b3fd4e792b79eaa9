//! A page for each task, every example of which is compiled, and run unless it serves for ever.
//!
//! | You want to | Read |
//! |---|---|
//! | give an axum or tower application a sign-in; find out why one does not work | [`add_to_an_app`] |
//! | show the link and the QR code in a page of your own | [`own_page`] |
//! | keep identities beside, or in, your own users table | [`own_user_table`] |
//! | run behind nginx, another proxy, or below a path | [`behind_a_proxy`] |
//! | run several servers | [`several_servers`] |
//! | test your sign-in, or try it without a phone | [`testing`] |
//!
//! These pages are files of the repository, in `docs/guide`.

#[doc = include_str!("../docs/guide/add_to_an_app.md")]
pub mod add_to_an_app {}

#[doc = include_str!("../docs/guide/own_page.md")]
pub mod own_page {}

#[doc = include_str!("../docs/guide/behind_a_proxy.md")]
pub mod behind_a_proxy {}

// Its store is put to the suite.
#[cfg(any(not(doctest), feature = "conformance"))]
#[doc = include_str!("../docs/guide/own_user_table.md")]
pub mod own_user_table {}

// Its examples need the stores' crates, which need this one: `examples/cluster` compiles them.
#[cfg_attr(not(doctest), doc = include_str!("../docs/guide/several_servers.md"))]
pub mod several_servers {}

#[doc = include_str!("../docs/guide/testing.md")]
pub mod testing {}
