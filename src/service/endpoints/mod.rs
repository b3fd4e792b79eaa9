//! The layer's own endpoints.

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

/// Time limit for receiving a body.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Maximum number of bytes beyond the limit that are read and discarded, so that a client that sends its
/// whole request first can read the reply.
const DISCARDED_OCTETS: usize = 1 << 20;

/// Time limit for discarding them.
const DISCARDING_TIME: Duration = Duration::from_secs(2);

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

/// Returns the value of a query parameter that occurs exactly once.
pub(super) fn parameter(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query()?.as_bytes();
    let mut values = form_urlencoded::parse(query).filter(|(key, _)| key == name);
    let (_, value) = values.next()?;
    values.next().is_none().then(|| value.into_owned())
}

/// Returns the nut in the query.
pub(super) fn nut(parts: &Parts) -> Option<Nut> {
    parameter(parts, "nut").and_then(|nut| nut.parse::<Nut>().ok())
}

/// The error of reading a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unread {
    #[error("the body is too long")]
    TooLong,
    #[error("the body did not arrive as a whole")]
    Incomplete,
}

/// Reads the whole body, if it has at most `limit` bytes and arrives in time.
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

/// Reads on while the reply is sent. Closing a connection with unread bytes resets it, and the client loses
/// the reply. A longer body stays unread until the time limit.
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
