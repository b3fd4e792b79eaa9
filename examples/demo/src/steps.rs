//! Which server answered which step of the sign-ins of late, for people to look at: an
//! example among several servers, and nothing that SQRL needs.
//!
//! Whoever opens the page sees every sign-in's steps, but nothing to use: nuts and CPS ids
//! stand there by a part of their hashes. They are kept where the accounts are.

mod kept;
mod seen;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, Response};
use tower_sessions::Session;

pub(crate) use kept::Steps;

use crate::app::App;
use crate::failure::Failure;
use crate::session::Visitor;
use crate::{pages, server};

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// Seconds since 1970, by the server's own clock.
    pub(crate) at: f64,
    pub(crate) server: String,
    /// What was asked for, and what the answer was.
    pub(crate) what: String,
    /// What it belongs to: a nut or a CPS id, hashed.
    label: String,
    /// What it led to.
    leads_to: Vec<String>,
}

/// Notes an answer if it is a step of a sign-in.
pub(crate) async fn note(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(asked) = seen::Asked::of(&request) else { return next.run(request).await };
    let (answered, response) = asked.answered(next.run(request).await).await;
    if let Some((what, label, leads_to)) = answered {
        let at = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64();
        let server = server::name().unwrap_or_default().to_owned();
        app.steps.keep(Step { at, server, what, label, leads_to });
    }
    response
}

pub(crate) async fn show(
    State(app): State<App>,
    session: Session,
) -> Result<Html<String>, Failure> {
    let steps = app.steps.recent().await?;
    Ok(pages::servers(&kept::by_sign_in(&steps), Visitor::of(&session).await?))
}
