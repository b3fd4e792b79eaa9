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
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::web::Texts;
use tower_sqrl::{ChallengeOptions, Sqrl};

use self::attempt::Attempt;
use crate::app::App;
use crate::app_error::AppError;
use crate::pages::layout::message;
use crate::pages::linking::confirm_link;
use crate::session::{self, Visitor};
use crate::user::{Status, User};

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
    page(&session, user, &parts, ChallengeOptions::new().accept_new()).await
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
    Ok(match SqrlChallenge::with_options(parts, options.data(attempt.id.into_bytes())).await {
        Ok(challenge) => {
            let texts = Texts::english()
                .title("Link an identity")
                .heading("Link an identity")
                .intro("Use the SQRL identity that you want to link.")
                .button("Link with SQRL");
            challenge.with_texts(texts).page()
        }
        Err(error) => error.into_response(),
    })
}

/// The browser arrives here after an identity has answered. The next page asks the user about it.
pub(crate) async fn answered(
    app: &App,
    sqrl: &Sqrl,
    session: &Session,
    login: &SqrlLogin,
    attempt_id: &[u8],
) -> Result<Response, AppError> {
    if login.user().is_some() {
        let text = "This identity has an account of its own. Sign in to that account.";
        return refuse(session, text).await;
    }
    let Some(user) = without_identity(User::of(session, sqrl, app).await?) else {
        let text = "You are not signed in to an account without an identity.";
        return refuse(session, text).await;
    };
    let attempt = Attempt::current(session).await?;
    let Some(attempt) = attempt.filter(|attempt| attempt.id.as_bytes() == attempt_id) else {
        return refuse(session, "This page has expired. Please start again.").await;
    };
    if attempt.contradicts(&login.claim()) {
        Attempt::end(session).await?;
        tracing::warn!(account = %user.account, "two identities answered; linked neither");
        let text = "Two identities answered, and one may be a stranger's. Please start again, and \
                    show the code to nobody.";
        return refuse(session, text).await;
    }
    attempt.store_answer(session, login.claim()).await?;
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

/// Links the identity that the user has confirmed, and continues the session with it.
pub(crate) async fn confirm(
    State(app): State<App>,
    sqrl: Sqrl,
    session: Session,
    user: Option<User>,
    Form(ConfirmForm { key }): Form<ConfirmForm>,
) -> Result<Response, AppError> {
    let answer = Attempt::end(&session).await?.and_then(Attempt::answer);
    let answer = answer.filter(|answer| answer.idk().to_string() == key);
    let (Some(answer), Some(user)) = (answer, without_identity(user)) else {
        return refuse(&session, "There is no identity to link. Please start again.").await;
    };
    // Since it answered, its owner may have disabled it, or signed up with it.
    if !sqrl.check(&answer).await?.is_current() {
        return refuse(&session, "This identity has changed. Please start again.").await;
    }
    let claim = answer.clone().with_user(user.account.clone());
    let sign_in = session::new_sign_in();
    if !app.accounts.replace_sign_in(user.account.as_str(), &user.sign_in, &sign_in).await? {
        let text = "The account has another identity now. Sign in with that one.";
        return refuse(&session, text).await;
    }
    // The session belongs to the new identity first. If the link then fails, the user can repeat it.
    session::begin(&session, &claim, &sign_in).await?;
    sqrl.link(answer.idk(), user.account.clone()).await?;
    tracing::info!(account = %user.account, "linked another identity");
    Ok(Redirect::to("/account").into_response())
}

/// Ends the attempt, because the user does not know the identity.
pub(crate) async fn decline(session: Session) -> Result<Response, AppError> {
    Attempt::end(&session).await?;
    let text = "Nothing was linked. A stranger may have seen the code. When you start again, show it \
                to nobody.";
    Ok(message("Not linked", text, Visitor::of(&session).await?).into_response())
}

/// Returns the user if their account has no identity.
fn without_identity(user: Option<User>) -> Option<User> {
    user.filter(|user| user.status == Status::NoIdentity)
}

async fn refuse(session: &Session, text: &str) -> Result<Response, AppError> {
    let page = message("Not linked", text, Visitor::of(session).await?);
    Ok((StatusCode::CONFLICT, page).into_response())
}
