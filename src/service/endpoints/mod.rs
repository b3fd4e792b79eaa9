//! What the layer answers itself.

mod client;
mod cps;
mod nut;
mod page;

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Limited};

use super::respond::{self, Own};
use super::routes::Endpoint;
use super::{BoxError, Sqrl};
use crate::protocol::Nut;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Answers a request of ours.
pub(super) async fn answer<B>(sqrl: Sqrl, endpoint: Endpoint, request: Request<B>) -> Own
where
    B: Body<Error: Into<BoxError>>,
{
    let (parts, body) = request.into_parts();
    match endpoint {
        Endpoint::Client => client::answer(&sqrl, &parts, body).await,
        Endpoint::Nut => nut::answer(&sqrl, &parts).await,
        Endpoint::Page => page::answer(&sqrl, &parts).await,
        Endpoint::Events => events(&sqrl, &parts),
        Endpoint::Cps => cps::answer(&sqrl, &parts).await,
        Endpoint::ConfirmCps => cps::confirmed(&sqrl, &parts, body).await,
        Endpoint::Svg => picture(&sqrl, &parts, "image/svg+xml", |link| {
            sqrl.settings().pages.svg(link).map(Bytes::from)
        }),
        Endpoint::Png => picture(&sqrl, &parts, "image/png", |link| {
            sqrl.settings().pages.png(link).map(Bytes::from)
        }),
        Endpoint::Asset(name) => respond::asset(
            sqrl.settings().pages.asset(name).as_ref(),
            parameter(&parts, "v").as_deref(),
        ),
    }
}

/// The events, if the address does not hear as many already. A cookie does not count: anybody can
/// make one up.
fn events(sqrl: &Sqrl, parts: &Parts) -> Own {
    let address = sqrl.client_address(&parts.headers, &parts.extensions);
    match address.and_then(|address| sqrl.places().take(address)) {
        Some(place) => page::events(sqrl, parts).map(|body| body.holding(place)),
        None => respond::text(StatusCode::SERVICE_UNAVAILABLE, "too many event streams"),
    }
}

/// The QR code of the link with that nut, whether anybody issued it or not: it says nothing
/// that the nut does not.
fn picture(
    sqrl: &Sqrl,
    parts: &Parts,
    content_type: &'static str,
    draw: impl FnOnce(&str) -> Option<Bytes>,
) -> Own {
    match nut(parts) {
        Some(nut) => respond::picture(content_type, draw(&sqrl.engine().config.link(nut))),
        None => respond::text(StatusCode::BAD_REQUEST, "ask with `?nut=` and a nut\n"),
    }
}

/// The value of a parameter in the URL, if it is there exactly once.
pub(super) fn parameter(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query()?.as_bytes();
    let mut values = form_urlencoded::parse(query).filter(|(key, _)| key == name);
    let (_, value) = values.next()?;
    values.next().is_none().then(|| value.into_owned())
}

/// The nut in the URL.
pub(super) fn nut(parts: &Parts) -> Option<Nut> {
    parameter(parts, "nut").and_then(|nut| Nut::parse(&nut))
}

/// The whole body, if it is no longer than `limit` and arrives in time.
async fn read(body: impl Body<Error: Into<BoxError>>, limit: usize) -> Option<Bytes> {
    if body.size_hint().lower() > limit as u64 {
        return None;
    }
    let whole = Limited::new(body, limit).collect();
    let whole = tokio::time::timeout(BODY_TIME, whole).await.ok()?.ok()?;
    Some(whole.to_bytes())
}
