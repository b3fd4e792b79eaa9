use std::ops::Deref;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::error::{SqrlError, seen};
use super::sqrl::sqrl_of;
use crate::engine::SignIn;
use crate::service::SignInResult;

/// Extractor for the route that receives the sign-in: the [`SignIn`] of this browser's user.
///
/// The page and the SQRL client send the browser to the path that the builder calls `signed_in_path`
/// (default `/signed-in`). Start your own session there, under a new session id. A request that brings
/// no sign-in is rejected with 401; take `Result<SqrlLogin, SqrlError>` to respond with a page of your
/// own.
///
/// ```
/// use axum::response::Redirect;
/// use tower_sqrl::axum::SqrlLogin;
///
/// async fn signed_in(login: SqrlLogin) -> Redirect {
///     let claim = login.claim();
///     // … start a session that keeps `claim` …
/// #   drop(claim);
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
    type Rejection = SqrlError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SqrlError> {
        sqrl_of(parts)?;
        let result = parts.extensions.get::<SignInResult>();
        let SignInResult(result) =
            result.ok_or_else(|| SqrlError::NotTheSignedInPath { seen: seen(parts) })?;
        Ok(Self(result.clone()?))
    }
}
