//! Extractors for the signed-in user. They check the user's identity at every request.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use tower_sessions::Session;

use crate::app::App;
use crate::app_error::AppError;
use crate::pages::layout::message;
use crate::session::{self, SignedIn, Visitor};
use crate::status::Status;

/// A signed-in user, with the status of their identity. `Option<User>` is `None` if nobody is
/// signed in.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) signed_in: SignedIn,
    pub(crate) status: Status,
}

impl User {
    pub(crate) async fn of(session: &Session, app: &App) -> Result<Option<Self>, AppError> {
        let Some(signed_in) = session::signed_in(session).await? else { return Ok(None) };
        let Some(account) = app.accounts.find(&signed_in.account).await? else { return Ok(None) };
        let status = Status::of(&signed_in, &account, app).await?;
        Ok(Some(Self { signed_in, status }))
    }
}

impl OptionalFromRequestParts<App> for User {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &App,
    ) -> Result<Option<Self>, Self::Rejection> {
        let session = Session::from_request_parts(parts, app).await;
        let session = session.map_err(IntoResponse::into_response)?;
        Self::of(&session, app).await.map_err(IntoResponse::into_response)
    }
}

/// A user whose identity signs in to the account. All others get a 403.
#[derive(Debug)]
pub(crate) struct ActiveUser(pub(crate) SignedIn);

impl FromRequestParts<App> for ActiveUser {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let user = <User as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?;
        let visitor = if user.is_some() { Visitor::SignedIn } else { Visitor::SignedOut };
        if let Some(User { signed_in, status: Status::Active(_) }) = user {
            return Ok(Self(signed_in));
        }
        let text = "Sign in with an enabled identity to do this.";
        let page = message("Not allowed", text, visitor);
        Err((StatusCode::FORBIDDEN, page).into_response())
    }
}
