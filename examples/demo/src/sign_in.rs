//! The two routes of a sign-in.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;
use tower_sqrl::SignIn;
use tower_sqrl::axum::{SqrlChallenge, SqrlError, SqrlLogin};

use crate::app::App;
use crate::app_error::AppError;
use crate::pages::layout::message;
use crate::session::{self, SignedIn, Visitor};
use crate::{accounts, link_identity};

/// The sign-in page.
pub(crate) async fn login(challenge: SqrlChallenge) -> Response {
    challenge.page()
}

/// The browser arrives here after a sign-in.
pub(crate) async fn signed_in(
    State(app): State<App>,
    session: Session,
    login: Result<SqrlLogin, SqrlError>,
) -> Result<Response, AppError> {
    let login = match login {
        Ok(login) => login,
        Err(rejection) => return Ok(not_signed_in(rejection, Visitor::of(&session).await?)),
    };
    if let Some(attempt) = login.data() {
        return link_identity::answered(&app, &session, &login, attempt).await;
    }
    let account = account_of(&app, &login).await?;
    let signed_in = SignedIn::new(&account, &login);
    app.accounts.record_sign_in(&account, &signed_in.version()).await?;
    session::begin(&session, signed_in).await?;
    tracing::info!(account, "signed in");
    Ok(Redirect::to("/account").into_response())
}

fn not_signed_in(rejection: SqrlError, visitor: Visitor) -> Response {
    let page = message("Not signed in", &format!("{rejection}."), visitor);
    (rejection.into_response().status(), page).into_response()
}

/// Returns the identity's account. An identity without one gets a new account.
async fn account_of(app: &App, login: &SignIn) -> Result<String, AppError> {
    if let Some(user) = login.user() {
        return Ok(user.to_string());
    }
    let new = accounts::new_id();
    let claim = app.sqrl.link_if_unlinked(login, new.as_str()).await?;
    let account = claim.user().map_or_else(|| new.clone(), ToString::to_string);
    if account == new {
        tracing::info!(account, "new account");
    }
    Ok(account)
}
