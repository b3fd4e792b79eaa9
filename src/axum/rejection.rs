use axum::extract::NestedPath;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use thiserror::Error;

use crate::engine::NotSignedIn;
use crate::service::ChallengeError;

/// Why a handler got no [`SqrlChallenge`](super::SqrlChallenge).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChallengeRejection {
    /// The layer did not see the request as one for the sign-in page.
    #[error(
        "`SqrlChallenge` on a path that the layer does not know, {seen}: add \
         `.layer(sqrl.layer())` behind the route, and tell the builder `.sign_in_path(\"/…\")` if \
         it is not `/login`"
    )]
    NotTheSignInPath {
        /// The path that the handler saw, and below which one it is nested, for a person.
        seen: Box<str>,
    },
    /// No link could be made.
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
}

/// Why a handler got no [`SqrlLogin`](super::SqrlLogin).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoginRejection {
    /// The layer did not see the request as one that may bring a sign-in.
    #[error(
        "`SqrlLogin` on a path that the layer does not know, {seen}: add `.layer(sqrl.layer())` \
         behind the route, and tell the builder `.signed_in_path(\"/…\")` if it is not `/signed-in`"
    )]
    NotTheSignedInPath {
        /// The path that the handler saw, and below which one it is nested, for a person.
        seen: Box<str>,
    },
    /// There is no sign-in to collect.
    #[error(transparent)]
    NotSignedIn(#[from] NotSignedIn),
}

/// Where the handler stands: what a layer within `nest` sees, and what it is below.
pub(super) fn seen(parts: &Parts) -> Box<str> {
    let path = parts.uri.path();
    match parts.extensions.get::<NestedPath>() {
        None => format!("`{path}`"),
        Some(below) => format!("`{path}` below `{}`", below.as_str()),
    }
    .into()
}

/// 500 for a mistake in the set-up, which is logged; otherwise what [`ChallengeError::status`] says.
impl IntoResponse for ChallengeRejection {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Challenge(why) => why.status(),
            Self::NotTheSignInPath { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!("{self}");
        }
        let text = match &self {
            Self::Challenge(
                why @ (ChallengeError::TooManyChallenges
                | ChallengeError::OtherSite
                | ChallengeError::Prefetch),
            ) => format!("{why}\n"),
            _ => "Signing in does not work at the moment.\n".to_owned(),
        };
        let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        (status, no_store, text).into_response()
    }
}

/// 401 without a sign-in, 503 when a store is out of reach, 500 for a mistake in the set-up, which
/// is logged.
impl IntoResponse for LoginRejection {
    fn into_response(self) -> Response {
        match self {
            Self::NotSignedIn(why @ NotSignedIn::Unavailable) => {
                (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()
            }
            Self::NotSignedIn(why) => {
                (StatusCode::UNAUTHORIZED, format!("{why}\n")).into_response()
            }
            Self::NotTheSignedInPath { .. } => {
                tracing::error!("{self}");
                (StatusCode::INTERNAL_SERVER_ERROR, "Signing in does not work at the moment.\n")
                    .into_response()
            }
        }
    }
}
