use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;

use super::ChallengeRejection;
use crate::engine::LinkOptions;
use crate::service::{Challenge, Sqrl};

/// Extractor for the sign-in page: a fresh link for this browser.
///
/// Works on the path that the builder calls `sign_in_path` (default `/login`). For a link
/// on another page, or with [`LinkOptions`], call [`Sqrl::challenge`].
///
/// ```
/// use axum::response::Response;
/// use tower_sqrl::axum::SqrlChallenge;
///
/// // The ready page:
/// async fn login(challenge: SqrlChallenge) -> Response {
///     challenge.page()
/// }
///
/// // A page of one's own around the ready page's part:
/// async fn own_login(challenge: SqrlChallenge) -> Response {
///     let html = format!(
///         "<!doctype html><title>Example</title><script src=\"/sqrl.js\" defer></script>{}",
///         challenge.fragment(),
///     );
///     challenge.respond_with(axum::response::Html(html))
/// }
/// ```
///
/// What such a page must not forget stands in [`guide::own_page`](crate::guide::own_page).
#[derive(Debug)]
#[must_use = "the browser needs the challenge's cookie: return `page()` or `respond_with()`"]
pub struct SqrlChallenge(Challenge);

impl SqrlChallenge {
    /// The link for the button: `sqrl://…`.
    pub fn href(&self) -> &str {
        self.0.href()
    }

    /// Where the QR code is, from the root: SVG.
    pub fn qr_path(&self) -> String {
        self.0.qr_path()
    }

    /// The link's nut, for a page's own script: public, like the link.
    pub fn nut(&self) -> String {
        self.0.nut().to_string()
    }

    /// How long the link can be answered.
    pub fn lifetime(&self) -> Duration {
        self.0.lifetime()
    }

    /// The part of the ready page that signs in, as HTML, for a page of one's own: button,
    /// status, QR code. That page loads `sqrl.js`, and is sent with
    /// [`respond_with`](Self::respond_with).
    pub fn fragment(&self) -> String {
        self.0.fragment()
    }

    /// The ready sign-in page.
    pub fn page(self) -> Response {
        self.0.page().into_response()
    }

    /// A page of one's own, with the cookie that collects the sign-in.
    pub fn respond_with(self, page: impl IntoResponse) -> Response {
        self.0.attach_to(page.into_response())
    }
}

impl<S: Sync> FromRequestParts<S> for SqrlChallenge {
    type Rejection = ChallengeRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ChallengeRejection> {
        let sqrl = parts.extensions.get::<Sqrl>().ok_or(ChallengeRejection::NotTheSignInPath)?;
        let options = LinkOptions::default();
        let challenge = sqrl.challenge(&parts.headers, &parts.extensions, options).await?;
        Ok(Self(challenge))
    }
}
