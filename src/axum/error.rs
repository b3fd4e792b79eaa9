use axum::extract::NestedPath;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use thiserror::Error;
use tower_sqrl_core::StoreError;

use crate::engine::{LinkError, NotSignedIn};
use crate::service::ChallengeError;

/// Every error of this library that a handler can get, as a response.
///
/// It is the rejection of the extractors, and what a handler returns to use `?` on this library's
/// calls.
///
/// | Error | Status |
/// |---|---|
/// | `MissingLayer`, `NotTheSignedInPath` | 500, and the reason is logged |
/// | `Challenge` | what [`ChallengeError::status`] returns |
/// | `NotSignedIn` | 401, or 503 if a store failed |
/// | `Link` | 401, 409 if the identity is linked with another account, 503 if a store failed |
/// | `Store` | 503 |
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SqrlError {
    /// The request did not pass the layer.
    #[error(
        "the layer of tower-sqrl is missing on {seen}: add `.layer(sqrl.layer())` to the router, \
         after its routes"
    )]
    MissingLayer {
        /// The path that the handler saw, and the path below which it is nested.
        seen: Box<str>,
    },
    /// [`SqrlLogin`](super::SqrlLogin) stands on a route to which no sign-in is sent.
    #[error(
        "`SqrlLogin` on {seen}, where no sign-in arrives: configure the builder with \
         `.signed_in_path(\"/…\")` if it is not `/signed-in`"
    )]
    NotTheSignedInPath {
        /// The path that the handler saw, and the path below which it is nested.
        seen: Box<str>,
    },
    /// No challenge was issued.
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    /// The request brings no sign-in.
    #[error(transparent)]
    NotSignedIn(#[from] NotSignedIn),
    /// An identity and an account were not linked.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SqrlError {
    /// Returns the status to respond with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MissingLayer { .. } | Self::NotTheSignedInPath { .. } => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Challenge(error) => error.status(),
            Self::NotSignedIn(NotSignedIn::Unavailable)
            | Self::Link(LinkError::Busy | LinkError::Store(_))
            | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotSignedIn(_) | Self::Link(LinkError::NotLive) => StatusCode::UNAUTHORIZED,
            Self::Link(LinkError::Linked(_)) => StatusCode::CONFLICT,
        }
    }

    /// Returns the text for the user, without the site's configuration, accounts or error texts of a store.
    fn text(&self) -> String {
        match self {
            Self::NotSignedIn(why) => why.to_string(),
            Self::Challenge(
                why @ (ChallengeError::TooManyChallenges
                | ChallengeError::OtherSite
                | ChallengeError::Prefetch),
            ) => why.to_string(),
            Self::Link(LinkError::NotLive) => LinkError::NotLive.to_string(),
            Self::Link(LinkError::Linked(_)) => {
                "the identity is linked with another account".to_owned()
            }
            Self::MissingLayer { .. }
            | Self::NotTheSignedInPath { .. }
            | Self::Challenge(_)
            | Self::Link(_)
            | Self::Store(_) => "Signing in does not work at the moment.".to_owned(),
        }
    }
}

impl IntoResponse for SqrlError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!("{self}");
        }
        let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        (status, no_store, format!("{}\n", self.text())).into_response()
    }
}

macro_rules! respond_as_sqrl_error {
    ($($error:ty),*) => {
        $(
            /// Responds as [`SqrlError`] does.
            impl IntoResponse for $error {
                fn into_response(self) -> Response {
                    SqrlError::from(self).into_response()
                }
            }
        )*
    };
}

respond_as_sqrl_error!(ChallengeError, LinkError, NotSignedIn);

/// Returns the path that a handler saw, and the path below which it is nested.
pub(super) fn seen(parts: &Parts) -> Box<str> {
    let path = parts.uri.path();
    match parts.extensions.get::<NestedPath>() {
        None => format!("`{path}`"),
        Some(below) => format!("`{path}` below `{}`", below.as_str()),
    }
    .into()
}
