//! The stylesheet and the icon.

use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;

pub(crate) async fn style() -> impl IntoResponse {
    asset("text/css; charset=utf-8", include_str!("../style.css"))
}

pub(crate) async fn icon() -> impl IntoResponse {
    asset("image/svg+xml", include_str!("../icon.svg"))
}

/// Browsers may cache it for an hour.
fn asset(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    let hour = HeaderValue::from_static("max-age=3600");
    let content_type = HeaderValue::from_static(content_type);
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, hour)], text)
}
