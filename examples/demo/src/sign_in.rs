//! The two routes that SQRL needs.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;
use tower_sqrl::SignIn;
use tower_sqrl::axum::{SqrlChallenge, SqrlError, SqrlLogin};

use crate::app::App;
use crate::failure::Failure;
use crate::session::{self, SignedIn, Visitor};
use crate::standing::{self, Standing};
use crate::{accounts, link_identity, pages};

/// The sign-in page.
pub(crate) async fn login(challenge: SqrlChallenge) -> Response {
    challenge.page()
}

/// Where the browser arrives when somebody has signed in.
pub(crate) async fn signed_in(
    State(app): State<App>,
    session: Session,
    login: Result<SqrlLogin, SqrlError>,
) -> Result<Response, Failure> {
    let login = match login {
        Ok(login) => login,
        Err(why) => return Ok(not_signed_in(why, Visitor::of(&session).await?)),
    };
    if let Some(attempt) = login.data() {
        return link_identity::answered(&app, &session, &login, attempt).await;
    }
    let account = account_of(&app, &login).await?;
    let signed_in = SignedIn::new(&account, &login);
    app.accounts.enter(&account, &signed_in.mark()).await?;
    session::begin(&session, signed_in).await?;
    tracing::info!(account, "signed in");
    Ok(Redirect::to("/account").into_response())
}

fn not_signed_in(why: SqrlError, visitor: Visitor) -> Response {
    let reason = format!("{why}.");
    let status = why.into_response().status();
    (status, pages::message("Not signed in", &reason, visitor)).into_response()
}

/// The account that the identity signs in to: a new one for an identity that has none.
async fn account_of(app: &App, login: &SignIn) -> Result<String, Failure> {
    if let Some(user) = login.user() {
        return Ok(user.to_string());
    }
    let new = accounts::new_id();
    let claim = app.sqrl.link_if_unlinked(login, new.as_str()).await?;
    let account = claim.user().map_or(new.clone(), ToString::to_string);
    if account == new {
        tracing::info!(account, "new account");
    }
    Ok(account)
}

/// Who is signed in here, and how the identity stands.
pub(crate) async fn whose(
    app: &App,
    session: &Session,
) -> Result<Option<(SignedIn, Standing)>, Failure> {
    let Some(signed_in) = session::current(session).await? else { return Ok(None) };
    let Some(account) = app.accounts.find(&signed_in.account).await? else { return Ok(None) };
    let standing = standing::of(app, &signed_in, &account).await?;
    Ok(Some((signed_in, standing)))
}
