//! The error of the handlers.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::error::ErrorChain;
use crate::pages::layout::message;
use crate::session::Visitor;

/// Any error of a handler, such as a store that does not answer. The log has the details; the
/// user gets a 503 and one sentence.
#[derive(Debug)]
pub(crate) struct AppError(Box<dyn std::error::Error + Send + Sync>);

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        tracing::error!("{}", ErrorChain(&*self.0));
        let text = "The demo cannot answer at the moment. Please try again.";
        let page = message("Temporarily unavailable", text, Visitor::Unknown);
        (StatusCode::SERVICE_UNAVAILABLE, page).into_response()
    }
}
