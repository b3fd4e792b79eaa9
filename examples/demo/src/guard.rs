//! What holds for every page of the demo's own.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::pages;
use crate::session::Visitor;

const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: a form would be sent with `null` for its origin.
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Refuses forms of other sites, and sends every page under a strict policy, unless it has
/// one of its own.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if reads || is_same_origin(request.headers(), app.public_url.origin()) {
        next.run(request).await
    } else {
        let text = "This form was sent from another site.";
        let page = pages::message("Refused", text, Visitor::Unknown);
        (StatusCode::FORBIDDEN, page).into_response()
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Whether a form comes from a page of ours: by fetch metadata, or by its origin where the
/// browser has none. The session's cookie is `SameSite=Lax` besides, which alone would let
/// sites on sibling hosts and other ports in.
fn is_same_origin(headers: &HeaderMap, origin: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers.get(header::ORIGIN).is_some_and(|value| value == origin),
    }
}
