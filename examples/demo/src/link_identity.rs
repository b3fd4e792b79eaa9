//! Links another identity with an account that has lost its own.
//!
//! A SQRL URL is public: a stranger who sees the QR code can answer it with their own identity. So
//! nothing is linked before the user has confirmed it, whatever address the answer came from: a
//! stranger may share the user's address. The page's URL accepts that address only. For a phone in
//! another network there is a second page.
//!
//! Two different identities that answer cancel each other. Otherwise a stranger who answers a second
//! tab would replace the identity for which the user's app reported success.

use axum::Form;
use axum::extract::State;
use axum::http::{StatusCode, request::Parts};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;
use tower_sqrl::axum::SqrlChallenge;
use tower_sqrl::{ChallengeOptions, SignIn};

use crate::app::App;
use crate::failure::Failure;
use crate::pages;
use crate::session::{self, Answered, Linking, SignedIn, Visitor};
use crate::sign_in::whose;
use crate::standing::Standing;

/// The page for a SQRL app at this address.
pub(crate) async fn from_here(
    State(app): State<App>,
    session: Session,
    parts: Parts,
) -> Result<Response, Failure> {
    page(&app, &session, &parts, ChallengeOptions::linking()).await
}

/// The page for a SQRL app at any address.
pub(crate) async fn from_elsewhere(
    State(app): State<App>,
    session: Session,
    parts: Parts,
) -> Result<Response, Failure> {
    page(&app, &session, &parts, ChallengeOptions::default().accept_new()).await
}

/// A sign-in page whose URL carries the attempt, for a session whose identity is gone.
async fn page(
    app: &App,
    session: &Session,
    parts: &Parts,
    options: ChallengeOptions,
) -> Result<Response, Failure> {
    let Some((_, Standing::Without)) = whose(app, session).await? else {
        return Ok(Redirect::to("/account").into_response());
    };
    let linking = if let Some(linking) = session::linking(session).await? {
        linking
    } else {
        let linking = Linking::new();
        session::set_linking(session, linking.clone()).await?;
        linking
    };
    let options = options.data(linking.id.into_bytes());
    Ok(match SqrlChallenge::with_options(parts, options).await {
        Ok(challenge) => challenge.page(),
        Err(error) => error.into_response(),
    })
}

/// The browser arrives here when an identity has answered. The user is asked about it.
pub(crate) async fn answered(
    app: &App,
    session: &Session,
    login: &SignIn,
    attempt: &[u8],
) -> Result<Response, Failure> {
    if login.user().is_some() {
        return refuse(session, "This identity has its own account. Sign in to that one.").await;
    }
    let Some((before, Standing::Without)) = whose(app, session).await? else {
        return refuse(session, "This browser is not signed in to an account without an identity.")
            .await;
    };
    let linking = session::linking(session).await?;
    let Some(linking) = linking.filter(|linking| linking.id.as_bytes() == attempt) else {
        return refuse(session, "This page has expired. Please start again.").await;
    };
    let after = SignedIn::new(&before.account, login);
    if linking.answer.is_some_and(|first| first.idk() != after.idk()) {
        session::end_linking(session).await?;
        tracing::warn!(account = before.account, "two identities answered; none is linked");
        return refuse(
            session,
            "Two identities answered, and one may be a stranger's. Please start again, and show the \
             code to nobody.",
        )
        .await;
    }
    session::set_linking(session, Linking { answer: Some(Answered::now(after)), ..linking })
        .await?;
    Ok(Redirect::to("/account/identity/confirm").into_response())
}

/// The page that asks about the identity.
pub(crate) async fn ask(session: Session) -> Result<Response, Failure> {
    let answer = session::linking(&session).await?.and_then(|linking| linking.answer);
    Ok(match answer.and_then(Answered::after) {
        Some(after) => pages::confirm_identity(after.idk()).into_response(),
        None => Redirect::to("/account").into_response(),
    })
}

/// The key that the user has seen and accepted.
#[derive(Debug, Deserialize)]
pub(crate) struct Confirmed {
    key: String,
}

/// Links the identity that the user was asked about.
pub(crate) async fn confirm(
    State(app): State<App>,
    session: Session,
    Form(Confirmed { key }): Form<Confirmed>,
) -> Result<Response, Failure> {
    let answer = session::end_linking(&session).await?.and_then(|linking| linking.answer);
    let after = answer.and_then(Answered::after).filter(|after| after.idk().to_string() == key);
    let (Some(after), Some((before, Standing::Without))) = (after, whose(&app, &session).await?)
    else {
        return refuse(&session, "There is no identity to link any more. Please start again.")
            .await;
    };
    // Its owner may have disabled it, or signed up with it, since it answered.
    let identity = app.sqrl.identity(&after.idk()).await?;
    let is_as_it_was = identity.is_some_and(|identity| {
        !identity.disabled && identity.epoch == after.epoch() && identity.user.is_none()
    });
    if before.account != after.account || !is_as_it_was {
        return refuse(&session, "There is no identity to link any more. Please start again.")
            .await;
    }
    link(&app, &session, &before, after).await
}

/// Ends the attempt: the user does not know the identity.
pub(crate) async fn decline(session: Session) -> Result<Response, Failure> {
    session::end_linking(&session).await?;
    let text = "Nothing was linked. A stranger may have seen the code. When you start again, show it \
                to nobody.";
    let page = pages::message("Not linked", text, Visitor::of(&session).await?);
    Ok(page.into_response())
}

/// Links the identity, and goes on as the one that it signs in.
async fn link(
    app: &App,
    session: &Session,
    before: &SignedIn,
    after: SignedIn,
) -> Result<Response, Failure> {
    if !app.accounts.pass_on(&before.account, &before.mark(), &after.mark()).await? {
        let why = "The account has another identity by now: sign in with that one.";
        return refuse(session, why).await;
    }
    let idk = after.idk();
    // From here on the session belongs to the new identity, so that what fails can be repeated.
    session::begin(session, after).await?;
    app.sqrl.link(&idk, before.account.as_str()).await?;
    tracing::info!(account = before.account, "linked another identity");
    Ok(Redirect::to("/account").into_response())
}

async fn refuse(session: &Session, why: &str) -> Result<Response, Failure> {
    let page = pages::message("Not linked", why, Visitor::of(session).await?);
    Ok((StatusCode::CONFLICT, page).into_response())
}
