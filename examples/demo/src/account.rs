//! The account page, and what can be done there.

use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use crate::app::App;
use crate::failure::Failure;
use crate::session::Visitor;
use crate::sign_in::whose;
use crate::standing::Standing;
use crate::{pages, session};

/// Characters of an account's name.
pub(crate) const LONGEST_NAME: usize = 60;

pub(crate) async fn show(State(app): State<App>, session: Session) -> Result<Response, Failure> {
    let Some((signed_in, standing)) = whose(&app, &session).await? else {
        return Ok(Redirect::to("/login").into_response());
    };
    if matches!(standing, Standing::Over) {
        session::end(&session).await?;
        return Ok(pages::over().into_response());
    }
    let account = app.accounts.find(&signed_in.account).await?;
    let name = account.map(|account| account.name).unwrap_or_default();
    let page = pages::account(&signed_in, &name, &standing, &app.public_url);
    Ok(page.into_response())
}

#[derive(Debug, Deserialize)]
pub(crate) struct Name {
    name: String,
}

pub(crate) async fn rename(
    State(app): State<App>,
    session: Session,
    Form(Name { name }): Form<Name>,
) -> Result<Response, Failure> {
    let Some((signed_in, Standing::Current(_))) = whose(&app, &session).await? else {
        return not_allowed(&session).await;
    };
    app.accounts.rename(&signed_in.account, &tidy(&name)).await?;
    Ok(Redirect::to("/account").into_response())
}

/// The page that asks before it unlinks.
pub(crate) async fn ask_to_unlink(
    State(app): State<App>,
    session: Session,
) -> Result<Response, Failure> {
    let Some((_, Standing::Current(_))) = whose(&app, &session).await? else {
        return Ok(Redirect::to("/account").into_response());
    };
    Ok(pages::ask_to_unlink().into_response())
}

pub(crate) async fn unlink(State(app): State<App>, session: Session) -> Result<Response, Failure> {
    let Some((signed_in, Standing::Current(_))) = whose(&app, &session).await? else {
        return not_allowed(&session).await;
    };
    app.sqrl.unlink(&signed_in.idk()).await?;
    tracing::info!(account = signed_in.account, "unlinked");
    Ok(Redirect::to("/account").into_response())
}

pub(crate) async fn sign_out(session: Session) -> Result<Redirect, Failure> {
    session::end(&session).await?;
    Ok(Redirect::to("/"))
}

/// Only an identity that is live and enabled changes its account.
async fn not_allowed(session: &Session) -> Result<Response, Failure> {
    let why = "Only somebody who is signed in with an enabled identity can do this.";
    let page = pages::message("Not allowed", why, Visitor::of(session).await?);
    Ok((StatusCode::FORBIDDEN, page).into_response())
}

/// A name on one line, without characters that would change how others are read.
fn tidy(name: &str) -> String {
    let reorders = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain = name.chars().filter(|c| !c.is_control() && !reorders(*c));
    plain.take(LONGEST_NAME).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_readable_line() {
        assert_eq!(tidy("  <Ada> \u{202e}Lovelace\r\n "), "<Ada> Lovelace");
        assert_eq!(tidy(&"é".repeat(100)), "é".repeat(LONGEST_NAME));
    }
}
