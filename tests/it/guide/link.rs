// The code of `docs/guide/own_user_table.md` that links an identity to an account, for tests.

use axum::Form;
use axum::http::{StatusCode, request::Parts};
use axum::response::{Html, IntoResponse, Redirect, Response, Result};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use tower_sessions::session::Id;
use tower_sqrl::axum::SqrlChallenge;
use tower_sqrl::{ChallengeOptions, Claim, SignIn, Sqrl};

/// An attempt to link an identity. The session stores it.
#[derive(Serialize, Deserialize)]
struct Attempt {
    /// A random id, which the SQRL URLs of this attempt carry.
    id: String,
    account: String,
    /// The identity that answered.
    answer: Option<Claim>,
}

const ATTEMPT: &str = "linking";

/// Shows the page that adds an identity. `account` is signed in, by the session.
async fn add_sqrl(session: &Session, account: &str, parts: &Parts) -> Result<Response> {
    let attempt = match session.get::<Attempt>(ATTEMPT).await.map_err(unavailable)? {
        Some(attempt) if attempt.account == account => attempt, // another tab has begun it
        _ => {
            let (id, account) = (Id::default().to_string(), account.to_owned());
            let attempt = Attempt { id, account, answer: None };
            session.insert(ATTEMPT, &attempt).await.map_err(unavailable)?;
            attempt
        }
    };
    let options = ChallengeOptions::linking().data(format!("link {}", attempt.id).into_bytes());
    Ok(SqrlChallenge::with_options(parts, options).await?.page())
}

/// Stores the identity that answered. Call it from the route that receives sign-ins, if
/// `login.data()` begins with `link `. `account` is signed in now, by the session.
async fn answered(session: &Session, account: Option<&str>, login: &SignIn) -> Result<Response> {
    let id = login.data().and_then(|data| data.strip_prefix(b"link "));
    let attempt = session.get::<Attempt>(ATTEMPT).await.map_err(unavailable)?;
    let Some(attempt) = attempt.filter(|attempt| {
        account == Some(attempt.account.as_str()) && id == Some(attempt.id.as_bytes())
    }) else {
        return Ok(refused("This page has expired. Please start again.\n"));
    };
    if login.user().is_some() {
        return Ok(refused("This identity belongs to an account.\n"));
    }
    let answer = Some(login.claim());
    if attempt.answer.is_some() && attempt.answer != answer {
        session.remove::<Attempt>(ATTEMPT).await.map_err(unavailable)?;
        return Ok(refused("Two identities answered. Please start again.\n"));
    }
    session.insert(ATTEMPT, Attempt { answer, ..attempt }).await.map_err(unavailable)?;
    Ok(Redirect::to("/account/sqrl/confirm").into_response())
}

/// Asks the user about the identity: `GET /account/sqrl/confirm`.
async fn ask(session: &Session) -> Result<Response> {
    let attempt = session.get::<Attempt>(ATTEMPT).await.map_err(unavailable)?;
    let Some(claim) = attempt.and_then(|attempt| attempt.answer) else {
        return Ok(Redirect::to("/").into_response());
    };
    let key = claim.idk().to_string();
    let page = Html(format!(
        "<h1>Is this your identity?</h1>\
         <p>A SQRL app answered with an identity whose key begins with {}.</p>\
         <p>Look at your SQRL app. Say yes only if you have just used it for this page and it \
         reported success. If it reported an error or is still waiting, or if you have not used \
         one, a stranger has answered your code: say no. The owner of this identity will be able \
         to use your account.</p>\
         <form method=\"post\"><input type=\"hidden\" name=\"key\" value=\"{key}\">\
         <button name=\"link\" value=\"no\">No, do not link it</button>\
         <button name=\"link\" value=\"yes\">Yes, my app reported success</button></form>",
        &key[..8]
    ));
    Ok(([("x-frame-options", "DENY"), ("cache-control", "no-store")], page).into_response())
}

#[derive(Deserialize)]
struct Decision {
    key: String,
    link: String,
}

/// Links the identity if the user says yes: `POST /account/sqrl/confirm`, behind `CsrfLayer`.
/// `account` is signed in now, by the session.
async fn confirm(
    sqrl: &Sqrl,
    session: &Session,
    account: Option<&str>,
    Form(decision): Form<Decision>,
) -> Result<Response> {
    // The attempt ends, whatever the answer is.
    let attempt = session.remove::<Attempt>(ATTEMPT).await.map_err(unavailable)?;
    let Some((account, claim)) = attempt
        .filter(|attempt| account == Some(attempt.account.as_str()))
        .and_then(|attempt| Some((attempt.account, attempt.answer?)))
    else {
        return Ok(refused("This page has expired. Please start again.\n"));
    };
    if decision.link != "yes" || decision.key != claim.idk().to_string() {
        return Ok(refused("Nothing was linked.\n"));
    }
    // The owner may have disabled the identity since, or signed up with it.
    if !sqrl.check(&claim).await.map_err(unavailable)?.is_current() {
        return Ok(refused("This identity has changed. Please start again.\n"));
    }
    sqrl.link(claim.idk(), account).await?; // 409 if it has just been linked to another account
    Ok(Redirect::to("/").into_response())
}

fn refused(why: &'static str) -> Response {
    (StatusCode::CONFLICT, why).into_response()
}

/// As in the first example.
fn unavailable(_: impl std::error::Error) -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}
