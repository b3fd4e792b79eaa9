use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::pages;
use crate::problem::Chain;
use crate::session::Visitor;

/// A store is out of reach, or the like: logged in full, told in one sentence.
#[derive(Debug)]
pub(crate) struct Failure(Box<dyn std::error::Error + Send + Sync>);

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        tracing::error!("{}", Chain(&*self.0));
        let text = "This does not work at the moment. Please try again.";
        let page = pages::message("Not now", text, Visitor::Unknown);
        (StatusCode::SERVICE_UNAVAILABLE, page).into_response()
    }
}
