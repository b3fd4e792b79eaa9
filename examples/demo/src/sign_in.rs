//! The two routes of a sign-in.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;
use tower_sqrl::Sqrl;
use tower_sqrl::axum::{SqrlChallenge, SqrlError, SqrlLogin};
use tower_sqrl::identities::UserId;

use crate::app::App;
use crate::app_error::AppError;
use crate::pages::layout::message;
use crate::session::{self, Visitor};
use crate::{accounts, link_identity};

/// The sign-in page.
pub(crate) async fn login(challenge: SqrlChallenge) -> Response {
    challenge.page()
}

/// The browser arrives here after a sign-in.
pub(crate) async fn signed_in(
    State(app): State<App>,
    sqrl: Sqrl,
    session: Session,
    login: Result<SqrlLogin, SqrlError>,
) -> Result<Response, AppError> {
    let login = match login {
        Ok(login) => login,
        Err(error @ SqrlError::NotSignedIn(_)) => {
            let visitor = Visitor::of(&session).await?;
            let page = message("Not signed in", &format!("{error}."), visitor);
            return Ok((error.status(), page).into_response());
        }
        Err(error) => return Ok(error.into_response()),
    };
    if let Some(attempt) = login.data() {
        return link_identity::answered(&app, &sqrl, &session, &login, attempt).await;
    }
    // An identity without an account gets a new one.
    let new = UserId::from(accounts::new_id());
    let claim = sqrl.link_if_unlinked(&login, new.clone()).await?;
    let account = claim.user().unwrap_or(&new);
    let sign_in = session::new_sign_in();
    app.accounts.record_sign_in(account.as_str(), &sign_in).await?;
    session::begin(&session, &claim, &sign_in).await?;
    if *account == new {
        tracing::info!(%account, "new account");
    }
    tracing::info!(%account, "signed in");
    Ok(Redirect::to("/account").into_response())
}
