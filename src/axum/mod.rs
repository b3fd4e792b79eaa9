//! Axum's extractors and rejections.

mod challenge;
mod login;
mod rejection;

pub use challenge::SqrlChallenge;
pub use login::SqrlLogin;
use rejection::seen;
pub use rejection::{ChallengeRejection, LoginRejection};

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::Extensions;

/// The connection's address as axum's `into_make_service_with_connect_info` gives it.
pub(crate) fn connection(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}
