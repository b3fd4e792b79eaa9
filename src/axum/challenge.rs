use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::Method;
use http::request::Parts;

use super::{ChallengeRejection, seen};
use crate::engine::ChallengeOptions;
use crate::service::{Challenge, Sqrl};

/// Extractor for the sign-in page: a fresh link for this browser.
///
/// Works on the path that the builder calls `sign_in_path` (default `/login`). For a link
/// on another page, or with [`ChallengeOptions`], call [`Sqrl::challenge`].
///
/// A HEAD request, which axum answers by the same handler, gets a link that nobody can answer
/// and no cookie: nothing is stored for what shows nobody anything.
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
///         "<!doctype html><title>Example</title><script src=\"{}\" defer></script>{}",
///         challenge.script_path(),
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

    /// Where the script of the ready page is, from the root, with its version: caches keep it for
    /// ever.
    pub fn script_path(&self) -> String {
        self.0.script_path()
    }

    /// What the layer's paths stand below, from the root: the public URL's path and the builder's
    /// `prefix`; empty for neither.
    pub fn base(&self) -> &str {
        self.0.base()
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
    /// status, QR code. That page loads the script at [`script_path`](Self::script_path), and is
    /// sent with [`respond_with`](Self::respond_with).
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
        let sqrl = parts.extensions.get::<Sqrl>();
        let sqrl =
            sqrl.ok_or_else(|| ChallengeRejection::NotTheSignInPath { seen: seen(parts) })?;
        if parts.method == Method::HEAD {
            return Ok(Self(sqrl.challenge_for_head()));
        }
        let options = ChallengeOptions::default();
        let challenge = sqrl.challenge(&parts.headers, &parts.extensions, options).await?;
        Ok(Self(challenge))
    }
}
