//! How the listener answers requests.

use std::pin::Pin;
use std::sync::Arc;

use ::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;
use tokio::sync::{Mutex, Semaphore, mpsc};

use crate::base64url;
use crate::error::Error;
use crate::session::Outcome;
use crate::sqrl_url::SqrlUrl;

/// Maximum number of sign-ins in progress or waiting. More are rejected.
const MAX_SIGN_INS: usize = 8;

/// Capacity of the queue of events. More are dropped.
const MAX_EVENTS: usize = 256;

/// A GIF of one transparent pixel.
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\
    \0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// An event at the listener.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A page checked whether a client is listening (`/*.gif`).
    Probed,
    /// A request was dropped. A script sent it (it had an `Origin`), or its `Host` was not
    /// this machine.
    Dropped,
    /// A sign-in was rejected because the request did not load a tab: an image, a frame, a
    /// script or a prefetch sent it (`Sec-Fetch-*`, `Sec-Purpose`).
    NotNavigation(SqrlUrl),
    /// A sign-in was rejected because eight are in progress or waiting.
    TooMany(SqrlUrl),
    /// A sign-in has started, or waits for its turn.
    Started(SqrlUrl),
    /// A sign-in succeeded, and the browser was redirected to this URL.
    SignedIn(String),
    /// A sign-in failed.
    Failed {
        /// The `can` that the browser was redirected to, if there is one.
        can: Option<String>,
        /// The message of the error.
        reason: String,
    },
}

type SignIn = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send>>;

/// The state that all connections share.
pub(super) struct Shared {
    handler: Box<dyn Fn(SqrlUrl) -> SignIn + Send + Sync>,
    events: mpsc::Sender<Event>,
    /// One permit for each sign-in in progress or waiting.
    permits: Arc<Semaphore>,
    /// Held by the sign-in in progress.
    turn: Arc<Mutex<()>>,
}

impl Shared {
    pub(super) fn new<H, F>(handler: H) -> (Self, mpsc::Receiver<Event>)
    where
        H: Fn(SqrlUrl) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Outcome, Error>> + Send + 'static,
    {
        let (events, receiver) = mpsc::channel(MAX_EVENTS);
        let shared = Self {
            handler: Box::new(move |url| Box::pin(handler(url))),
            events,
            permits: Arc::new(Semaphore::new(MAX_SIGN_INS)),
            turn: Arc::default(),
        };
        (shared, receiver)
    }

    fn emit(&self, event: Event) {
        // A browser must not wait for a reader of events.
        let _ = self.events.try_send(event);
    }
}

/// The request gets no response: the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("request dropped")]
pub(super) struct Dropped;

pub(super) async fn respond_to<B>(
    request: Request<B>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    // Only scripts send `Origin` with a GET, and no script may see the URL that signs in. With
    // another `Host` (DNS rebinding), a script could read the response as its own origin.
    if request.headers().contains_key(header::ORIGIN) || !is_for_localhost(&request) {
        shared.emit(Event::Dropped);
        return Err(Dropped);
    }
    if request.method() != Method::GET {
        return Ok(page(StatusCode::METHOD_NOT_ALLOWED, "Only GET is allowed."));
    }
    let path = request.uri().path().trim_start_matches('/');
    if path.rsplit_once('.').is_some_and(|(_, extension)| extension == "gif") {
        shared.emit(Event::Probed);
        return Ok(response(StatusCode::OK, "image/gif", GIF));
    }
    let url = base64url::decode(path).ok();
    let url = url.and_then(|url| String::from_utf8(url).ok()?.parse::<SqrlUrl>().ok());
    let Some(url) = url else {
        return Ok(page(
            StatusCode::NOT_FOUND,
            "This is a SQRL client. Open a sign-in page and press its SQRL button.",
        ));
    };
    if !is_navigation(request.headers()) {
        shared.emit(Event::NotNavigation(url));
        return Ok(page(StatusCode::FORBIDDEN, "Open this address in its own tab."));
    }
    Ok(sign_in(url, &shared).await)
}

/// Returns whether the request loads a tab, so that the user sees the sign-in.
///
/// An image, a frame, a script or a prefetch of any page must not start a sign-in. Browsers
/// that send no fetch metadata cannot be checked.
fn is_navigation(headers: &HeaderMap) -> bool {
    let has = |name: &str, wanted: &str| headers.get(name).is_some_and(|value| value == wanted);
    let has_metadata = headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"));
    let loads_a_tab = has("sec-fetch-mode", "navigate") && has("sec-fetch-dest", "document");
    let purposes = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
    let is_prefetch = purposes.iter().any(|name| headers.contains_key(*name));
    (loads_a_tab || !has_metadata) && !is_prefetch
}

async fn sign_in(url: SqrlUrl, shared: &Arc<Shared>) -> Response<Full<Bytes>> {
    let Ok(permit) = Arc::clone(&shared.permits).try_acquire_owned() else {
        shared.emit(Event::TooMany(url));
        return page(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many sign-ins are waiting. Answer those first, then retry.",
        );
    };
    shared.emit(Event::Started(url.clone()));
    // A browser that disconnects before its turn drops this future and the permit.
    let turn = Arc::clone(&shared.turn).lock_owned().await;
    // From here on in a task, so that a browser that disconnects does not interrupt a sign-in.
    let (task_url, task_shared) = (url.clone(), Arc::clone(shared));
    let task = tokio::spawn(async move {
        let _held = (permit, turn);
        (task_shared.handler)(task_url).await
    });
    let result = task.await.unwrap_or(Err(Error::Cancelled));
    match result {
        Ok(Outcome { url: Some(url), .. }) => {
            shared.emit(Event::SignedIn(url.clone()));
            redirect(&url)
        }
        Ok(outcome) => failed(&url, outcome.reply.can.as_deref(), &Error::NoUrl, shared),
        Err(error) => {
            let can = error.reply().and_then(|reply| reply.can.as_deref());
            failed(&url, can, &error, shared)
        }
    }
}

/// Redirects to the `can` of the reply, or else to that of the SQRL URL. Shows a page if there
/// is neither.
fn failed(
    sqrl_url: &SqrlUrl,
    can: Option<&str>,
    error: &Error,
    shared: &Shared,
) -> Response<Full<Bytes>> {
    let can = can.and_then(|can| cancel_url(sqrl_url, can));
    let can = can.or_else(|| sqrl_url.can().map(str::to_owned));
    shared.emit(Event::Failed { can: can.clone(), reason: error.to_string() });
    match can {
        Some(can) => redirect(&can),
        None => page(
            StatusCode::OK,
            "The SQRL sign-in failed. Use your browser's back button to return to the page.",
        ),
    }
}

/// Returns a reply's `can` as an absolute URL, if it has the origin of the SQRL URL. It is a
/// URL, a path at the site, or the base64url of either.
fn cancel_url(sqrl_url: &SqrlUrl, can: &str) -> Option<String> {
    let decoded = || String::from_utf8(base64url::decode(can).ok()?).ok();
    sqrl_url.same_origin_url(can).or_else(|| sqrl_url.same_origin_url(&decoded()?))
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
        // Unreachable: URLs were checked with `is_http_url`.
        Err(_) => page(StatusCode::BAD_GATEWAY, "The site returned an invalid URL."),
    }
}

fn page(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", text.as_bytes())
}

fn response(
    status: StatusCode,
    content_type: &'static str,
    body: &'static [u8],
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body)));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
