//! Linking another identity with an account whose own is gone.
//!
//! A SQRL URL is public: a stranger who sees the QR code can answer it with an identity of their own.
//! So the page's URL accepts this address only. For a phone in another network there is a second page,
//! and what answers that one is linked only after the user has confirmed it.

use axum::Form;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;
use tower_sqrl::axum::ChallengeRejection;
use tower_sqrl::{LinkOptions, SignIn};

use crate::app::App;
use crate::failure::Failure;
use crate::pages;
use crate::session::{self, Pending, SignedIn, Visitor};
use crate::sign_in::whose;
use crate::standing::Standing;

/// The page for a SQRL app at this address.
pub(crate) async fn from_here(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Response, Failure> {
    page(&app, &session, &headers, &extensions, LinkOptions::linking()).await
}

/// The page for a SQRL app at any address: what answers is not linked before it is confirmed.
pub(crate) async fn from_elsewhere(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Response, Failure> {
    page(&app, &session, &headers, &extensions, LinkOptions::default().accept_new()).await
}

/// A sign-in page whose URL carries the account, for a session whose identity is gone.
async fn page(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    extensions: &Extensions,
    options: LinkOptions,
) -> Result<Response, Failure> {
    let Some((signed_in, Standing::Without)) = whose(app, session).await? else {
        return Ok(Redirect::to("/account").into_response());
    };
    let options = options.data(signed_in.account.into_bytes());
    Ok(match app.sqrl.challenge(headers, extensions, options).await {
        Ok(challenge) => challenge.page().into_response(),
        Err(error) => ChallengeRejection::from(error).into_response(),
    })
}

/// Where the browser arrives when an identity has answered. From this address it is linked, from
/// another one the user is asked first.
pub(crate) async fn answered(
    app: &App,
    session: &Session,
    login: &SignIn,
    account: &[u8],
) -> Result<Response, Failure> {
    if login.user().is_some() {
        return refuse(session, "This identity has an account of its own: sign in to that one.")
            .await;
    }
    let Some((before, Standing::Without)) = whose(app, session).await? else {
        return refuse(session, "This browser is not signed in to an account without an identity.")
            .await;
    };
    if before.account.as_bytes() != account {
        return refuse(session, "This browser is signed in to another account by now.").await;
    }
    let after = SignedIn::new(&before.account, login);
    if login.same_address() {
        return link(app, session, &before, after).await;
    }
    session::set_pending(session, Some(Pending::now(after))).await?;
    Ok(Redirect::to("/account/identity/confirm").into_response())
}

/// The page that asks about the identity.
pub(crate) async fn ask(session: Session) -> Result<Response, Failure> {
    Ok(match session::pending(&session).await? {
        Some(after) => pages::confirm_identity(after.idk()).into_response(),
        None => Redirect::to("/account").into_response(),
    })
}

/// Which identity the user has seen and accepted.
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
    let pending = session::pending(&session).await?;
    session::set_pending(&session, None).await?;
    let pending = pending.filter(|after| after.idk().to_string() == key);
    let (Some(after), Some((before, Standing::Without))) = (pending, whose(&app, &session).await?)
    else {
        return refuse(&session, "There is no identity to link any more. Please begin again.")
            .await;
    };
    // Its owner may have disabled it, or signed up with it, since it answered.
    let identity = app.sqrl.identity(&after.idk()).await?;
    let is_as_it_was = identity.is_some_and(|identity| {
        !identity.disabled && identity.epoch == after.epoch() && identity.user.is_none()
    });
    if before.account != after.account || !is_as_it_was {
        return refuse(&session, "There is no identity to link any more. Please begin again.")
            .await;
    }
    link(&app, &session, &before, after).await
}

/// Forgets the identity that the user was asked about.
pub(crate) async fn decline(session: Session) -> Result<Response, Failure> {
    session::set_pending(&session, None).await?;
    let text = "Nothing was linked. Somebody else may have seen the code: show it to nobody when you \
                begin again.";
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
