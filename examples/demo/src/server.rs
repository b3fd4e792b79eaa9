//! Which of several servers this is.

use std::sync::OnceLock;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

static NAME: OnceLock<HeaderValue> = OnceLock::new();

/// Names this process, once.
pub(crate) fn set_name(name: HeaderValue) {
    // A process is one server: whoever came first was the same command line.
    let _ = NAME.set(name);
}

/// This process's name, if it has one.
pub(crate) fn name() -> Option<&'static str> {
    NAME.get()?.to_str().ok()
}

/// Says in every answer which server gave it.
pub(crate) async fn sign(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(name) = NAME.get() {
        response.headers_mut().insert(HeaderName::from_static("x-server"), name.clone());
    }
    response
}
