//! The account page: rename the account, unlink the identity, sign out.

use axum::Form;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use crate::accounts::clean_name;
use crate::app::App;
use crate::app_error::AppError;
use crate::pages::account as pages;
use crate::session;
use crate::status::Status;
use crate::user::{ActiveUser, User};

pub(crate) async fn show(
    State(app): State<App>,
    session: Session,
    user: Option<User>,
) -> Result<Response, AppError> {
    let Some(User { signed_in, status }) = user else {
        return Ok(Redirect::to("/login").into_response());
    };
    if matches!(status, Status::Ended) {
        session::end(&session).await?;
        return Ok(pages::session_ended().into_response());
    }
    let account = app.accounts.find(&signed_in.account).await?;
    let name = account.map(|account| account.name).unwrap_or_default();
    Ok(pages::account(&signed_in, &name, &status, &app.public_url).into_response())
}

#[derive(Debug, Deserialize)]
pub(crate) struct NameForm {
    name: String,
}

pub(crate) async fn rename(
    State(app): State<App>,
    ActiveUser(user): ActiveUser,
    Form(NameForm { name }): Form<NameForm>,
) -> Result<Redirect, AppError> {
    app.accounts.rename(&user.account, &clean_name(&name)).await?;
    Ok(Redirect::to("/account"))
}

pub(crate) async fn confirm_unlink(_: ActiveUser) -> Html<String> {
    pages::confirm_unlink()
}

pub(crate) async fn unlink(
    State(app): State<App>,
    ActiveUser(user): ActiveUser,
) -> Result<Redirect, AppError> {
    app.sqrl.unlink(&user.idk()).await?;
    tracing::info!(account = user.account, "unlinked");
    Ok(Redirect::to("/account"))
}

pub(crate) async fn sign_out(session: Session) -> Result<Redirect, AppError> {
    session::end(&session).await?;
    Ok(Redirect::to("/"))
}
