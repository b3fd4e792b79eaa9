//! Extractors for the signed-in user. They check the session's claim at every request.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use tower_sessions::Session;
use tower_sqrl::identities::UserId;
use tower_sqrl::{Claim, ClaimStatus, Sqrl};

use crate::app::App;
use crate::app_error::AppError;
use crate::pages::layout::message;
use crate::session::{self, Visitor};

/// A signed-in user. `Option<User>` is `None` if nobody is signed in.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) account: UserId,
    pub(crate) claim: Claim,
    /// The id of the session's sign-in.
    pub(crate) sign_in: String,
    pub(crate) status: Status,
}

/// The status of a user's identity at this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// The identity signs in to the account.
    Active,
    /// The identity is disabled. The user can look at the account and change nothing.
    Disabled,
    /// The identity was removed or unlinked. This session can link another one.
    NoIdentity,
    /// The session has ended: the identity was replaced, or disabled and enabled, or the account
    /// has another identity.
    Ended,
}

impl Status {
    async fn of(
        claim: &Claim,
        sign_in: &str,
        account: &UserId,
        sqrl: &Sqrl,
        app: &App,
    ) -> Result<Self, AppError> {
        match sqrl.check(claim).await? {
            ClaimStatus::Current => return Ok(Self::Active),
            ClaimStatus::Disabled => return Ok(Self::Disabled),
            ClaimStatus::Removed | ClaimStatus::OtherAccount => {}
            _ => return Ok(Self::Ended),
        }
        // Only the account's last sign-in may link another identity: an older session may be a
        // thief's.
        let account = app.accounts.find(account.as_str()).await?;
        let is_last = account.is_some_and(|account| account.last_sign_in == sign_in);
        Ok(if is_last { Self::NoIdentity } else { Self::Ended })
    }
}

impl User {
    pub(crate) async fn of(
        session: &Session,
        sqrl: &Sqrl,
        app: &App,
    ) -> Result<Option<Self>, AppError> {
        let Some(claim) = session::claim(session).await? else { return Ok(None) };
        let Some(account) = claim.user().cloned() else { return Ok(None) };
        let Some(sign_in) = session::sign_in(session).await? else { return Ok(None) };
        let status = Status::of(&claim, &sign_in, &account, sqrl, app).await?;
        Ok(Some(Self { account, claim, sign_in, status }))
    }
}

impl OptionalFromRequestParts<App> for User {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Response> {
        let session = Session::from_request_parts(parts, app).await;
        let session = session.map_err(IntoResponse::into_response)?;
        let sqrl = Sqrl::from_request_parts(parts, app).await;
        let sqrl = sqrl.map_err(IntoResponse::into_response)?;
        Self::of(&session, &sqrl, app).await.map_err(IntoResponse::into_response)
    }
}

/// A user whose identity signs in to the account. All others get a 403.
#[derive(Debug)]
pub(crate) struct ActiveUser(pub(crate) User);

impl FromRequestParts<App> for ActiveUser {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let user = <User as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?;
        let visitor = if user.is_some() { Visitor::SignedIn } else { Visitor::SignedOut };
        if let Some(user) = user.filter(|user| user.status == Status::Active) {
            return Ok(Self(user));
        }
        let text = "Sign in with an enabled identity to do this.";
        Err((StatusCode::FORBIDDEN, message("Not allowed", text, visitor)).into_response())
    }
}
