//! One page for each task. The tests compile every example, and run it unless it is a server.
//!
//! | You want to | Read |
//! |---|---|
//! | add SQRL to an axum or tower application; find out why a sign-in fails | [`add_to_an_app`] |
//! | build your own sign-in page | [`own_page`] |
//! | link identities to your users; write your own identity store | [`own_user_table`] |
//! | keep sign-ins in progress in another backend | [`own_store`] |
//! | run behind nginx or another proxy; run below a path | [`behind_a_proxy`] |
//! | run several servers | [`several_servers`] |
//! | test your sign-in without a phone | [`testing`] |
//! | choose versions of axum-login, sqlx and tower-sessions | [`versions`] |
//! | look up a term | [`vocabulary`] |
//!
//! This module exists only in the documentation. Its pages are the files of `docs/guide` in the
//! repository, and `docs/vocabulary.md`.

#[doc = include_str!("../docs/guide/add_to_an_app.md")]
///
/// # See also
///
/// [`Sqrl`](crate::Sqrl), [`SqrlBuilder`](crate::SqrlBuilder),
/// [`SqrlChallenge`](crate::axum::SqrlChallenge), [`SqrlLogin`](crate::axum::SqrlLogin),
/// [`Claim`](crate::Claim), [`ChallengeOptions`](crate::ChallengeOptions),
/// [`PeerAddress`](crate::PeerAddress),
/// [`SignInResult`](crate::SignInResult).
pub mod add_to_an_app {}

#[doc = include_str!("../docs/guide/own_page.md")]
///
/// # See also
///
/// [`SqrlChallenge`](crate::axum::SqrlChallenge), [`Challenge`](crate::Challenge), the module
/// [`web`](crate::web) with [`Texts`](crate::web::Texts) and
/// [`ContentSecurityPolicy`](crate::web::ContentSecurityPolicy).
pub mod own_page {}

// Its example needs the conformance suite.
#[cfg(any(not(doctest), feature = "conformance"))]
#[doc = include_str!("../docs/guide/own_user_table.md")]
///
/// # See also
///
/// [`Sqrl::link`](crate::Sqrl::link), [`IdentityStore`](tower_sqrl_core::identities::IdentityStore),
/// [`Change`](tower_sqrl_core::identities::Change), [`Identity`](tower_sqrl_core::identities::Identity).
pub mod own_user_table {}

// The package `file-store` in `examples` compiles and tests its code.
#[cfg_attr(not(doctest), doc = include_str!("../docs/guide/own_store.md"))]
///
/// # See also
///
/// [`RecordStore`](tower_sqrl_core::nuts::RecordStore), [`NutStore`](tower_sqrl_core::nuts::NutStore),
/// [`StoreError`](tower_sqrl_core::StoreError).
pub mod own_store {}

#[doc = include_str!("../docs/guide/behind_a_proxy.md")]
///
/// # See also
///
/// [`SqrlBuilder::trusted_proxy`](crate::SqrlBuilder::trusted_proxy),
/// [`SqrlBuilder::address_header`](crate::SqrlBuilder::address_header),
/// [`SqrlBuilder::prefix`](crate::SqrlBuilder::prefix), [`Sqrl::builder`](crate::Sqrl::builder).
pub mod behind_a_proxy {}

// Its examples need the store crates. `examples/cluster` compiles them.
#[cfg_attr(not(doctest), doc = include_str!("../docs/guide/several_servers.md"))]
///
/// # See also
///
/// [`Sqrl::builder_shared`](crate::Sqrl::builder_shared), [`Sqrl::end_events`](crate::Sqrl::end_events),
/// [`NutStore`](tower_sqrl_core::nuts::NutStore).
pub mod several_servers {}

#[doc = include_str!("../docs/guide/testing.md")]
///
/// # See also
///
/// [`SqrlBuilder::clock`](crate::SqrlBuilder::clock), [`Clock`](crate::Clock).
pub mod testing {}

#[doc = include_str!("../docs/guide/versions.md")]
///
/// # See also
///
/// [`Identity::epoch`](tower_sqrl_core::identities::Identity::epoch), [`SignIn::epoch`](crate::SignIn::epoch).
pub mod versions {}

#[doc = include_str!("../docs/vocabulary.md")]
pub mod vocabulary {}
