//! What the layer answers itself.

mod client;
mod cps;
mod nut;
mod page;

use std::pin::Pin;
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::request::Parts;
use http::{Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::respond::{self, LayerResponse};
use super::routes::Endpoint;
use super::{BoxError, Sqrl};
use crate::web;
use tower_sqrl_core::protocol::Nut;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Octets beyond the limit that are read and discarded, so that a client that writes its whole
/// request first can read the reply.
const DISCARDED_OCTETS: usize = 1 << 20;

/// How long these may take to arrive.
const DISCARDING_TIME: Duration = Duration::from_secs(2);

/// Answers a request of ours.
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
            picture(&sqrl, &parts, "image/svg+xml", |link| web::svg(link).map(Bytes::from))
        }
        Endpoint::Png => {
            picture(&sqrl, &parts, "image/png", |link| web::png(link).map(Bytes::from))
        }
        Endpoint::Asset(name) => {
            respond::asset(web::asset(name), parameter(&parts, "v").as_deref())
        }
    }
}

/// The events, if the address does not hear as many already. A cookie does not count: anybody can
/// make one up.
fn events(sqrl: &Sqrl, parts: &Parts) -> LayerResponse {
    let address = sqrl.client_address(&parts.headers, &parts.extensions);
    match address.and_then(|address| sqrl.stream_slots().take(address)) {
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
) -> LayerResponse {
    match nut(parts) {
        Some(nut) => respond::picture(content_type, draw(&sqrl.engine().config.sign_in_url(nut))),
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
    parameter(parts, "nut").and_then(|nut| nut.parse::<Nut>().ok())
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unread {
    #[error("the body is too long")]
    TooLong,
    #[error("the body did not arrive as a whole")]
    Incomplete,
}

/// Reads the whole body, if it is no longer than `limit` and arrives in time.
async fn read<B>(body: B, limit: usize) -> Result<Bytes, Unread>
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let mut body = Box::pin(body);
    if body.size_hint().lower() <= limit as u64 {
        let whole = Limited::new(&mut body, limit).collect();
        match timeout(BODY_TIME, whole).await {
            Ok(Ok(whole)) => return Ok(whole.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {}
            Ok(Err(_)) | Err(_) => return Err(Unread::Incomplete),
        }
    }
    tokio::spawn(discard(body));
    Err(Unread::TooLong)
}

/// Reads on, beside the reply: a connection that is closed over unread octets is reset, and the
/// reply is lost with it. A body that goes on for longer is left unread until the time is over.
async fn discard<B: Body>(mut body: Pin<Box<B>>) {
    let deadline = Instant::now() + DISCARDING_TIME;
    let goes_on = async {
        let mut octets = 0;
        while let Some(Ok(frame)) = body.frame().await {
            octets += frame.data_ref().map_or(0, Buf::remaining);
            if octets > DISCARDED_OCTETS {
                return true;
            }
        }
        false
    };
    if timeout_at(deadline, goes_on).await == Ok(true) {
        sleep_until(deadline).await;
    }
}
