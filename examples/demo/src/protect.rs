//! Security headers, and the refusal of other sites' forms.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::pages::layout::message;
use crate::session::Visitor;

const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // With `no-referrer`, browsers send forms with `Origin: null`.
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Answers forms of other sites with 403, and adds the headers that a response does not have yet.
pub(crate) async fn protect(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_read_only = request.method().is_safe();
    let is_allowed = is_read_only || is_same_origin(request.headers(), app.public_url.origin());
    let mut response = if is_allowed {
        next.run(request).await
    } else {
        let page = message("Refused", "This form was sent by another site.", Visitor::Unknown);
        (StatusCode::FORBIDDEN, page).into_response()
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Returns whether the browser says that a page of this site sent the request. Checks `Origin`
/// in browsers that do not send `Sec-Fetch-Site`.
///
/// The session's cookie is `SameSite=Lax`. That alone would let in sibling hosts and other ports.
fn is_same_origin(headers: &HeaderMap, origin: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers.get(header::ORIGIN).is_some_and(|value| value == origin),
    }
}
