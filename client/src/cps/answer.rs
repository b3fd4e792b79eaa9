//! What the listener says to a request.

use std::sync::Arc;

use ::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;

use super::{Event, Shared};
use crate::base64url;
use crate::error::Error;
use crate::link::Link;
use crate::session::Outcome;

/// The smallest picture there is: one transparent pixel.
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\
    \0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// The request is dropped: the connection closes without a word.
#[derive(Debug, thiserror::Error)]
#[error("dropped")]
pub(super) struct Dropped;

pub(super) async fn answer<B>(
    request: Request<B>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    // Only scripts send `Origin` with a GET, and no script may see where we redirect to.
    // A name that leads here by a trick of DNS would let a script read its own origin.
    if request.headers().contains_key(header::ORIGIN) || !is_for_localhost(&request) {
        shared.tell(Event::Dropped);
        return Err(Dropped);
    }
    if request.method() != Method::GET {
        return Ok(page(StatusCode::METHOD_NOT_ALLOWED, "This address takes GET only."));
    }
    let path = request.uri().path().trim_start_matches('/');
    if path.rsplit_once('.').is_some_and(|(_, kind)| kind == "gif") {
        shared.tell(Event::Probed);
        return Ok(respond(StatusCode::OK, "image/gif", GIF));
    }
    let link = base64url::decode(path).ok();
    let link = link.and_then(|link| String::from_utf8(link).ok()?.parse::<Link>().ok());
    let Some(link) = link else {
        return Ok(page(
            StatusCode::NOT_FOUND,
            "This is a SQRL client. A sign-in page sends browsers here with its SQRL URL.",
        ));
    };
    if !is_navigation(request.headers()) {
        shared.tell(Event::NotNavigation(link));
        return Ok(page(StatusCode::FORBIDDEN, "Open this address in a tab of its own."));
    }
    Ok(authenticate(link, &shared).await)
}

/// Whether the request loads a whole tab, so that a person sees what happens. An image, a frame, a
/// script or a prefetch on any page must not start a sign-in. Only a browser that sends no fetch
/// metadata is not asked for it.
fn is_navigation(headers: &HeaderMap) -> bool {
    let says = |name: &str, wanted: &str| headers.get(name).is_some_and(|value| value == wanted);
    let has_metadata = headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"));
    let loads_a_tab = says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document");
    let purposes = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
    let is_ahead_of_time = purposes.iter().any(|name| headers.contains_key(*name));
    (loads_a_tab || !has_metadata) && !is_ahead_of_time
}

async fn authenticate(link: Link, shared: &Arc<Shared>) -> Response<Full<Bytes>> {
    let Ok(place) = Arc::clone(&shared.places).try_acquire_owned() else {
        shared.tell(Event::TooMany(link));
        return page(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many sign-ins are waiting. Answer those first, then try again.",
        );
    };
    shared.tell(Event::Began(link.clone()));
    // A browser that leaves before its turn drops this future, and its place with it.
    let turn = Arc::clone(&shared.turn).lock_owned().await;
    // From here on in a task: a browser that leaves must not cut an exchange in half.
    let (task_link, task_shared) = (link.clone(), Arc::clone(shared));
    let task = tokio::spawn(async move {
        let _kept = (place, turn);
        (task_shared.handler)(task_link).await
    });
    let result = task.await.unwrap_or(Err(Error::Cancelled));
    match result {
        Ok(Outcome { url: Some(url), .. }) => {
            shared.tell(Event::SignedIn(url.clone()));
            redirect(&url)
        }
        Ok(outcome) => failed(&link, outcome.reply.can.as_deref(), &Error::NoUrl, shared),
        Err(error) => {
            let can = error.reply().and_then(|reply| reply.can.as_deref());
            failed(&link, can, &error, shared)
        }
    }
}

/// To the reply's `can`, else the link's, else a page that says what to do.
fn failed(link: &Link, can: Option<&str>, error: &Error, shared: &Shared) -> Response<Full<Bytes>> {
    let can = can.and_then(|can| cancel_url(link, can));
    let can = can.or_else(|| link.can().map(str::to_owned));
    shared.tell(Event::Failed { can: can.clone(), reason: error.to_string() });
    match can {
        Some(can) => redirect(&can),
        None => page(
            StatusCode::OK,
            "The SQRL sign-in did not happen. Please press your browser's back button to \
             return to the page.",
        ),
    }
}

/// Returns a reply's `can` as an absolute URL of the link's origin. It comes as a URL, as a path
/// at the site, or as either of these in base64url, as the link has it.
fn cancel_url(link: &Link, can: &str) -> Option<String> {
    let decoded = || String::from_utf8(base64url::decode(can).ok()?).ok();
    link.own_url(can).or_else(|| link.own_url(&decoded()?))
}

fn is_for_localhost<B>(request: &Request<B>) -> bool {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1")
}

fn redirect(url: &str) -> Response<Full<Bytes>> {
    let mut response = page(StatusCode::FOUND, "");
    match HeaderValue::from_str(url) {
        Ok(url) => {
            response.headers_mut().insert(header::LOCATION, url);
            response
        }
        // Unreachable for what `is_web_address` let through.
        Err(_) => page(StatusCode::BAD_GATEWAY, "The site gave no valid address."),
    }
}

fn page(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(status, "text/plain; charset=utf-8", text.as_bytes())
}

fn respond(status: StatusCode, kind: &'static str, body: &'static [u8]) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body)));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
