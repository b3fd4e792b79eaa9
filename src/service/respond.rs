//! The layer's own responses. Each forbids caching, sniffing, referrers, frames and use by other origins,
//! except where it says why.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use super::body::LayerBody;
use super::events::Events;
use crate::web::{Asset, Page};

pub(super) type LayerResponse = Response<LayerBody>;

const HTML: &str = "text/html; charset=utf-8";
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_EMBEDDER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-embedder-policy");

/// Returns a response with this body and the headers of every response.
pub(super) fn whole(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> LayerResponse {
    let mut response = Response::new(LayerBody::Whole(Full::new(body.into())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, SAME_ORIGIN);
    response
}

/// Returns a line of text.
pub(super) fn text(status: StatusCode, body: impl Into<Bytes>) -> LayerResponse {
    whole(status, "text/plain; charset=utf-8", body)
}

/// Returns a page with its policy.
pub(super) fn page(status: StatusCode, page: Page) -> LayerResponse {
    let Page { html, policy } = page;
    let mut response = whole(status, HTML, html);
    set_page_headers(response.headers_mut(), &policy);
    response
}

/// Sets the headers of every page.
pub(super) fn set_page_headers(headers: &mut http::HeaderMap, csp: &str) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Under `no-referrer` a browser sends a form with `Origin: null`.
    headers.insert(header::REFERRER_POLICY, SAME_ORIGIN);
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, SAME_ORIGIN);
    // A page of another site that opens this one in a window cannot navigate that window.
    headers.insert(CROSS_ORIGIN_OPENER_POLICY, SAME_ORIGIN);
    if let Ok(csp) = HeaderValue::try_from(csp) {
        headers.insert(header::CONTENT_SECURITY_POLICY, csp);
    }
}

/// Sets the headers of the built-in sign-in page. The page looks for a client on this device by a picture.
/// `Cross-Origin-Embedder-Policy: require-corp` would block it, because clients send no
/// `Cross-Origin-Resource-Policy`.
pub(super) fn set_sign_in_headers(headers: &mut http::HeaderMap, csp: &str) {
    set_page_headers(headers, csp);
    headers.insert(CROSS_ORIGIN_EMBEDDER_POLICY, HeaderValue::from_static("unsafe-none"));
}

/// Sets the same on an application's sign-in page, except the policy and the rule on frames. Headers that
/// the page has stay as they are.
pub(super) fn add_sign_in_headers(headers: &mut http::HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, SAME_ORIGIN),
        (CROSS_ORIGIN_OPENER_POLICY, SAME_ORIGIN),
        (CROSS_ORIGIN_EMBEDDER_POLICY, HeaderValue::from_static("unsafe-none")),
    ] {
        headers.entry(name).or_insert(value);
    }
}

/// Returns a redirect to a location without secrets.
pub(super) fn see_other(location: &str) -> LayerResponse {
    let mut response = text(StatusCode::SEE_OTHER, "");
    match HeaderValue::try_from(location) {
        Ok(location) => {
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, ""),
    }
}

/// Returns a QR code. It contains a nut, so it is not cached.
pub(super) fn picture(
    content_type: &'static str,
    picture: Option<impl Into<Bytes>>,
) -> LayerResponse {
    match picture {
        Some(picture) => {
            let mut response = whole(StatusCode::OK, content_type, picture);
            let csp = HeaderValue::from_static("default-src 'none'");
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, csp);
            response
        }
        None => text(StatusCode::NOT_FOUND, "this server draws no QR codes\n"),
    }
}

/// Returns a script or style. Caches keep it permanently under the URL with its version, and not at all
/// under any other.
pub(super) fn asset(asset: Option<Asset>, asked_version: Option<&str>) -> LayerResponse {
    let Some(Asset { content_type, body, version, .. }) = asset else {
        return text(StatusCode::NOT_FOUND, "");
    };
    let mut response = whole(StatusCode::OK, content_type, body);
    if asked_version == Some(version) {
        let permanently = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(header::CACHE_CONTROL, permanently);
    }
    response
}

/// Rejects a method that the endpoint does not have.
pub(super) fn other_method(allow: &'static str) -> LayerResponse {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

/// Returns a stream of events.
pub(super) fn events(events: Events) -> LayerResponse {
    let mut response = whole(StatusCode::OK, "text/event-stream", "");
    // Some proxies buffer a stream unless they are told not to.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response.headers_mut().extend([unbuffered]);
    *response.body_mut() = LayerBody::Events(events);
    response
}
