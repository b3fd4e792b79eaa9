//! The account page: rename the account, unlink the identity, sign out.

use axum::Form;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;
use tower_sqrl::Sqrl;

use crate::accounts::clean_name;
use crate::app::App;
use crate::app_error::AppError;
use crate::pages::account as pages;
use crate::session;
use crate::user::{ActiveUser, Status, User};

pub(crate) async fn show(
    State(app): State<App>,
    sqrl: Sqrl,
    session: Session,
    user: Option<User>,
) -> Result<Response, AppError> {
    let Some(user) = user else { return Ok(Redirect::to("/login").into_response()) };
    let account = app.accounts.find(user.account.as_str()).await?;
    let name = account.map(|account| account.name).unwrap_or_default();
    let identity = sqrl.identity(user.claim.idk()).await?;
    let identity = identity.filter(|identity| identity.user.as_ref() == Some(&user.account));
    let page = match (user.status, identity) {
        (Status::Active | Status::Disabled, Some(identity)) => {
            pages::account(&user.account, &name, user.claim.idk(), &identity, &app.public_url)
        }
        (Status::NoIdentity, _) => pages::without_identity(&user.account, &name),
        _ => {
            session::end(&session).await?;
            pages::session_ended()
        }
    };
    Ok(page.into_response())
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
    app.accounts.rename(user.account.as_str(), &clean_name(&name)).await?;
    Ok(Redirect::to("/account"))
}

pub(crate) async fn confirm_unlink(_: ActiveUser) -> Html<String> {
    pages::confirm_unlink()
}

pub(crate) async fn unlink(sqrl: Sqrl, ActiveUser(user): ActiveUser) -> Result<Redirect, AppError> {
    sqrl.unlink(user.claim.idk()).await?;
    tracing::info!(account = %user.account, "unlinked");
    Ok(Redirect::to("/account"))
}

pub(crate) async fn sign_out(session: Session) -> Result<Redirect, AppError> {
    session::end(&session).await?;
    Ok(Redirect::to("/"))
}
