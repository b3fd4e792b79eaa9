//! The layer without a socket.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::body::Body;
use axum::http::request::Builder;
use axum::response::Response;
use tower::{Layer, Service, ServiceExt};
use tower_sqrl::PeerAddress;
use tower_sqrl::middleware::SqrlBody;

use super::Site;

/// Sends a request to the layer around an empty application.
pub(crate) async fn call_layer(
    site: &Site,
    request: Builder,
    body: Body,
) -> Response<SqrlBody<Body>> {
    let mut request = request.body(body).expect("a request");
    request.extensions_mut().insert(PeerAddress(SocketAddr::from(([127, 0, 0, 1], 1))));
    let nothing = tower::service_fn(async |_| Ok::<_, Infallible>(Response::new(Body::empty())));
    let mut service = site.sqrl.layer().layer(nothing);
    service.ready().await.expect("ready").call(request).await.expect("an answer")
}
