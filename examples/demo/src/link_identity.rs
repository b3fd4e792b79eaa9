//! Links another identity with an account that has lost its own.
//!
//! A SQRL URL is public: a stranger who sees the QR code can answer it with their own identity. So
//! an identity is linked only after the user has confirmed it, whatever address the answer came
//! from: a stranger may share the user's address. The page's URL accepts that address only. A
//! second page is for a phone in another network.
//!
//! Two different identities that answer cancel each other. Otherwise a stranger who answers a second
//! tab would replace the identity for which the user's app reported success.

mod attempt;

use axum::Form;
use axum::extract::State;
use axum::http::{StatusCode, request::Parts};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;
use tower_sqrl::axum::SqrlChallenge;
use tower_sqrl::{ChallengeOptions, SignIn};

use self::attempt::Attempt;
use crate::app::App;
use crate::app_error::AppError;
use crate::pages::layout::message;
use crate::pages::linking::confirm_link;
use crate::session::{self, SignedIn, Visitor};
use crate::status::Status;
use crate::user::User;

/// The page for a SQRL app at the browser's address.
pub(crate) async fn same_address(
    session: Session,
    user: Option<User>,
    parts: Parts,
) -> Result<Response, AppError> {
    page(&session, user, &parts, ChallengeOptions::linking()).await
}

/// The page for a SQRL app at any address.
pub(crate) async fn any_address(
    session: Session,
    user: Option<User>,
    parts: Parts,
) -> Result<Response, AppError> {
    let options = ChallengeOptions::default().accept_new();
    page(&session, user, &parts, options).await
}

/// A sign-in page whose SQRL URL carries the attempt's id.
async fn page(
    session: &Session,
    user: Option<User>,
    parts: &Parts,
    options: ChallengeOptions,
) -> Result<Response, AppError> {
    if without_identity(user).is_none() {
        return Ok(Redirect::to("/account").into_response());
    }
    let attempt = Attempt::continue_or_start(session).await?;
    let options = options.data(attempt.id.into_bytes());
    Ok(match SqrlChallenge::with_options(parts, options).await {
        Ok(challenge) => challenge.page(),
        Err(error) => error.into_response(),
    })
}

/// The browser arrives here after an identity has answered. The next page asks the user about it.
pub(crate) async fn answered(
    app: &App,
    session: &Session,
    login: &SignIn,
    attempt_id: &[u8],
) -> Result<Response, AppError> {
    if login.user().is_some() {
        let text = "This identity has an account of its own. Sign in to that account.";
        return refuse(session, text).await;
    }
    let Some(before) = without_identity(User::of(session, app).await?) else {
        let text = "You are not signed in to an account without an identity.";
        return refuse(session, text).await;
    };
    let attempt = Attempt::current(session).await?;
    let Some(attempt) = attempt.filter(|attempt| attempt.id.as_bytes() == attempt_id) else {
        return refuse(session, "This page has expired. Please start again.").await;
    };
    let after = SignedIn::new(&before.account, login);
    if attempt.contradicts(&after) {
        Attempt::end(session).await?;
        tracing::warn!(account = before.account, "two identities answered; linked neither");
        let text = "Two identities answered, and one may be a stranger's. Please start again, and \
                    show the code to nobody.";
        return refuse(session, text).await;
    }
    attempt.store_answer(session, after).await?;
    Ok(Redirect::to("/account/identity/confirm").into_response())
}

/// The page that asks about the identity.
pub(crate) async fn ask(session: Session) -> Result<Response, AppError> {
    Ok(match Attempt::current(&session).await?.and_then(Attempt::answer) {
        Some(answer) => confirm_link(answer.idk()).into_response(),
        None => Redirect::to("/account").into_response(),
    })
}

#[derive(Debug, Deserialize)]
pub(crate) struct ConfirmForm {
    /// The key that the page showed.
    key: String,
}

/// Links the identity that the user has confirmed.
pub(crate) async fn confirm(
    State(app): State<App>,
    session: Session,
    user: Option<User>,
    Form(ConfirmForm { key }): Form<ConfirmForm>,
) -> Result<Response, AppError> {
    let answer = Attempt::end(&session).await?.and_then(Attempt::answer);
    let answer = answer.filter(|answer| answer.idk().to_string() == key);
    match (answer, without_identity(user)) {
        (Some(after), Some(before))
            if before.account == after.account && is_unchanged(&app, &after).await? =>
        {
            link(&app, &session, &before, after).await
        }
        _ => refuse(&session, "There is no identity to link. Please start again.").await,
    }
}

/// Ends the attempt, because the user does not know the identity.
pub(crate) async fn decline(session: Session) -> Result<Response, AppError> {
    Attempt::end(&session).await?;
    let text = "Nothing was linked. A stranger may have seen the code. When you start again, show it \
                to nobody.";
    Ok(message("Not linked", text, Visitor::of(&session).await?).into_response())
}

/// Returns whether the identity is still as it answered. Since then its owner may have disabled it,
/// or signed up with it.
async fn is_unchanged(app: &App, answer: &SignedIn) -> Result<bool, AppError> {
    let identity = app.sqrl.identity(&answer.idk()).await?;
    Ok(identity.is_some_and(|identity| {
        !identity.disabled && identity.epoch == answer.epoch() && identity.user.is_none()
    }))
}

/// Links the identity, and continues the session with it.
async fn link(
    app: &App,
    session: &Session,
    before: &SignedIn,
    after: SignedIn,
) -> Result<Response, AppError> {
    let (from, to) = (before.version(), after.version());
    if !app.accounts.replace_sign_in(&before.account, &from, &to).await? {
        let text = "The account has another identity now. Sign in with that one.";
        return refuse(session, text).await;
    }
    let idk = after.idk();
    // The session belongs to the new identity first. If the link then fails, the user can repeat it.
    session::begin(session, after).await?;
    app.sqrl.link(&idk, before.account.as_str()).await?;
    tracing::info!(account = before.account, "linked another identity");
    Ok(Redirect::to("/account").into_response())
}

/// Returns the sign-in of a user whose account has no identity.
fn without_identity(user: Option<User>) -> Option<SignedIn> {
    user.filter(|user| matches!(user.status, Status::NoIdentity)).map(|user| user.signed_in)
}

async fn refuse(session: &Session, text: &str) -> Result<Response, AppError> {
    let page = message("Not linked", text, Visitor::of(session).await?);
    Ok((StatusCode::CONFLICT, page).into_response())
}
