use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use http::request::Parts;

use super::error::SqrlError;
use super::sqrl::sqrl_of;
use crate::engine::ChallengeOptions;
use crate::service::Challenge;

/// Extractor for a page that offers the sign-in: a fresh [`Challenge`] for this browser.
///
/// Works on every route below the layer. Send the built-in page with [`page`](Self::page), or return the
/// challenge beside a page of your own: it adds the cookie that collects the sign-in, and
/// `Cache-Control: no-store`.
///
/// ```
/// use axum::response::{Html, IntoResponse, Response};
/// use tower_sqrl::axum::SqrlChallenge;
///
/// async fn login(challenge: SqrlChallenge) -> Response {
///     challenge.page()
/// }
///
/// async fn own_login(challenge: SqrlChallenge) -> impl IntoResponse {
///     let html = format!(
///         "<!doctype html><title>Example</title><script type=\"module\" src=\"{}\"></script>{}",
///         challenge.script_path(),
///         challenge.fragment(),
///     );
///     (challenge, Html(html))
/// }
/// ```
///
/// [`guide::own_page`](crate::guide::own_page) lists what such a page needs.
///
/// For a challenge with options, take the request's parts:
///
/// ```
/// use axum::http::request::Parts;
/// use axum::response::Response;
/// use tower_sqrl::ChallengeOptions;
/// use tower_sqrl::axum::{SqrlChallenge, SqrlError};
///
/// async fn join(parts: Parts) -> Result<Response, SqrlError> {
///     let options = ChallengeOptions::new().accept_new();
///     Ok(SqrlChallenge::with_options(&parts, options).await?.page())
/// }
/// ```
#[derive(Debug)]
#[must_use = "the browser needs the challenge's cookie: return the challenge or its `page()`"]
pub struct SqrlChallenge(Challenge);

impl SqrlChallenge {
    /// Issues a challenge with options for the browser that sent this request.
    ///
    /// # Errors
    ///
    /// [`SqrlError::MissingLayer`] or [`SqrlError::Challenge`].
    pub async fn with_options(parts: &Parts, options: ChallengeOptions) -> Result<Self, SqrlError> {
        Ok(Self(sqrl_of(parts)?.challenge(parts, options).await?))
    }

    /// Sets the texts of this challenge's page: see [`Challenge::with_texts`].
    #[cfg(feature = "web")]
    pub fn with_texts(self, texts: crate::web::Texts) -> Self {
        Self(self.0.with_texts(texts))
    }

    /// Returns the built-in sign-in page.
    pub fn page(self) -> Response {
        self.0.page().into_response()
    }
}

impl Deref for SqrlChallenge {
    type Target = Challenge;

    fn deref(&self) -> &Challenge {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for SqrlChallenge {
    type Rejection = SqrlError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SqrlError> {
        Self::with_options(parts, ChallengeOptions::default()).await
    }
}

/// Adds what [`Challenge::attach_to`] adds.
impl IntoResponseParts for SqrlChallenge {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        self.0.set_headers(parts.headers_mut());
        Ok(parts)
    }
}
