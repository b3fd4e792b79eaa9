//! Axum's extractors, and errors as responses.

mod challenge;
mod error;
mod login;
#[cfg(feature = "web")]
mod policy;
mod sqrl;

pub use challenge::SqrlChallenge;
pub use error::SqrlError;
pub use login::SqrlLogin;

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::Extensions;

/// The connection's address as axum's `into_make_service_with_connect_info` gives it.
pub(crate) fn connection(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}
