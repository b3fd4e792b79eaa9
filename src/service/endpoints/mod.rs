//! The layer's own endpoints.

mod client;
mod cps;
mod nut;
mod page;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, StatusCode};
use http_body::Body;

use super::query::{nut, parameter};
use super::respond::{self, LayerResponse};
use super::routes::Endpoint;
use super::{BoxError, Sqrl};
use crate::web;

/// Answers a request to an endpoint.
pub(super) async fn answer<B>(sqrl: Sqrl, endpoint: Endpoint, request: Request<B>) -> LayerResponse
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let (parts, body) = request.into_parts();
    match endpoint {
        Endpoint::Client => client::answer(&sqrl, &parts, body).await,
        Endpoint::Nut => nut::answer(&sqrl, &parts).await,
        Endpoint::Page => page::answer(&sqrl, &parts).await,
        Endpoint::Events => events(&sqrl, &parts),
        Endpoint::Cps => cps::answer(&sqrl, &parts).await,
        Endpoint::ConfirmCps => cps::confirmed(&sqrl, &parts, body).await,
        Endpoint::Svg => {
            picture(&sqrl, &parts, "image/svg+xml", |url| web::svg(url).map(Bytes::from))
        }
        Endpoint::Png => picture(&sqrl, &parts, "image/png", |url| web::png(url).map(Bytes::from)),
        Endpoint::Asset(name) => {
            respond::asset(web::asset(name), parameter(&parts, "v").as_deref())
        }
    }
}

/// Returns an event stream, unless the address has the maximum. The limit ignores cookies, because anybody
/// can invent one.
fn events(sqrl: &Sqrl, parts: &Parts) -> LayerResponse {
    let address = sqrl.client_address(&parts.headers, &parts.extensions);
    match address.and_then(|address| sqrl.stream_slots().take(address)) {
        Some(slot) => page::events(sqrl, parts).map(|body| body.holding(slot)),
        None => respond::text(StatusCode::SERVICE_UNAVAILABLE, "too many event streams"),
    }
}

/// Returns the QR code of the SQRL URL with the nut in the query. It reveals no more than the nut, so the
/// nut need not exist.
fn picture(
    sqrl: &Sqrl,
    parts: &Parts,
    content_type: &'static str,
    draw: impl FnOnce(&str) -> Option<Bytes>,
) -> LayerResponse {
    match nut(parts) {
        Some(nut) => respond::picture(content_type, draw(&sqrl.engine().config.sign_in_url(nut))),
        None => respond::text(StatusCode::BAD_REQUEST, "ask with `?nut=` and a nut\n"),
    }
}
