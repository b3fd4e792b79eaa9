//! The two routes that SQRL needs, and a third for giving an account another identity.

use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use tower_sessions::Session;
use tower_sqrl::axum::{ChallengeRejection, LoginRejection, SqrlChallenge, SqrlLogin};
use tower_sqrl::{LinkOptions, SignIn};

use crate::app::App;
use crate::failure::Failure;
use crate::session::{self, SignedIn, Visitor};
use crate::standing::{self, Standing};
use crate::{accounts, pages};

/// The sign-in page.
pub(crate) async fn login(challenge: SqrlChallenge) -> Response {
    challenge.page()
}

/// Where the browser arrives when somebody has signed in.
pub(crate) async fn signed_in(
    State(app): State<App>,
    session: Session,
    login: Result<SqrlLogin, LoginRejection>,
) -> Result<Response, Failure> {
    let login = match login {
        Ok(login) => login,
        Err(why) => return Ok(not_signed_in(why, Visitor::of(&session).await?)),
    };
    let account = match login.data() {
        None => account_of(&app, &login).await?,
        Some(account) => match pass_on(&app, &session, &login, account).await? {
            Ok(account) => account,
            Err(why) => return Ok((StatusCode::CONFLICT, why).into_response()),
        },
    };
    let signed_in = SignedIn::new(&account, &login);
    app.accounts.enter(&account, &signed_in.mark()).await?;
    session::begin(&session, signed_in).await?;
    tracing::info!(account, "signed in");
    Ok(Redirect::to("/account").into_response())
}

fn not_signed_in(why: LoginRejection, visitor: Visitor) -> Response {
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
    let account = app.sqrl.link_if_unlinked(login.idk(), new.as_str()).await?.to_string();
    if account == new {
        tracing::info!(account, "new account");
    }
    Ok(account)
}

/// A sign-in page whose link says that it is for this account, for a session whose
/// identity is gone.
pub(crate) async fn another_identity(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Response, Failure> {
    let Some((signed_in, Standing::Without)) = whose(&app, &session).await? else {
        return Ok(Redirect::to("/account").into_response());
    };
    let options = LinkOptions::default().data(signed_in.account.into_bytes());
    Ok(match app.sqrl.challenge(&headers, &extensions, options).await {
        Ok(challenge) => challenge.page().into_response(),
        Err(error) => ChallengeRejection::from(error).into_response(),
    })
}

/// Links the identity with the account that the link was made for, if this browser is still
/// signed in to it and it is still without one.
async fn pass_on(
    app: &App,
    session: &Session,
    login: &SignIn,
    account: &[u8],
) -> Result<Result<String, Html<String>>, Failure> {
    let visitor = Visitor::of(session).await?;
    let refused = |why| Ok(Err(pages::message("Not linked", why, visitor)));
    let Some((before, Standing::Without)) = whose(app, session).await? else {
        return refused("This browser is not signed in to an account without an identity.");
    };
    if before.account.as_bytes() != account {
        return refused("This browser is signed in to another account by now.");
    }
    if login.user().is_some() {
        return refused("This identity has an account of its own: sign in to that one.");
    }
    let after = SignedIn::new(&before.account, login);
    if !app.accounts.pass_on(&before.account, &before.mark(), &after.mark()).await? {
        return refused("The account has another identity by now: sign in with that one.");
    }
    // From here on the session is the new identity's, so that what fails can be repeated.
    session::begin(session, after).await?;
    app.sqrl.link(login.idk(), before.account.as_str()).await?;
    tracing::info!(account = before.account, "passed on to another identity");
    Ok(Ok(before.account))
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
