use std::ops::Deref;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::{LoginRejection, seen};
use crate::engine::SignIn;
use crate::service::SignInResult;

/// Extractor for the route that gets the sign-in: who has just signed in, in this browser.
///
/// Works on the path that the builder calls `signed_in_path` (default `/signed-in`). The
/// application starts its own session there, under a new session id. Without a sign-in to
/// collect the request is rejected with 401; take `Result<SqrlLogin, LoginRejection>` to
/// show a page of one's own.
///
/// ```
/// use axum::response::Redirect;
/// use tower_sqrl::axum::SqrlLogin;
///
/// async fn signed_in(login: SqrlLogin) -> Redirect {
///     let who = login.idk().to_string();
///     // … start a session for `who` …
///     Redirect::to("/account")
/// }
/// ```
#[derive(Debug, Clone)]
pub struct SqrlLogin(SignIn);

impl Deref for SqrlLogin {
    type Target = SignIn;

    fn deref(&self) -> &SignIn {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for SqrlLogin {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LoginRejection> {
        let result = parts.extensions.get::<SignInResult>();
        let SignInResult(result) =
            result.ok_or_else(|| LoginRejection::NotTheSignedInPath { seen: seen(parts) })?;
        Ok(Self(result.clone()?))
    }
}
