//! The routes.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use tower_sessions::{Session, SessionManagerLayer};
use tower_sqrl::Sqrl;
use tower_sqrl::identities::IdentityStore;
use tower_sqrl::protocol::PublicUrl;

use crate::accounts::Accounts;
use crate::failure::Failure;
use crate::session::{Sessions, Visitor};
use crate::steps::{self, Steps};
use crate::{account, guard, link_identity, pages, server, sign_in};

/// What every handler may need.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) sqrl: Sqrl,
    pub(crate) identities: Arc<dyn IdentityStore>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) steps: Steps,
    pub(crate) public_url: PublicUrl,
}

pub(crate) fn router(app: App, sessions: SessionManagerLayer<Sessions>) -> Router {
    let sqrl = app.sqrl.layer();
    let mut router = Router::new()
        .route("/", get(home))
        .route("/login", get(sign_in::login))
        .route("/signed-in", get(sign_in::signed_in))
        .route("/account", get(account::show))
        .route("/account/name", post(account::rename))
        .route("/account/unlink", get(account::ask_to_unlink).post(account::unlink))
        .route("/account/identity", get(link_identity::from_here))
        .route("/account/identity/elsewhere", get(link_identity::from_elsewhere))
        .route("/account/identity/confirm", get(link_identity::ask).post(link_identity::confirm))
        .route("/account/identity/decline", post(link_identity::decline))
        .route("/sign-out", post(account::sign_out))
        .route("/demo.css", get(pages::style))
        .route("/favicon.ico", get(pages::icon));
    if server::name().is_some() {
        router = router.route("/servers", get(steps::show));
    }
    router = router
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(4096))
        .layer(sessions)
        .layer(axum::middleware::from_fn_with_state(app.clone(), guard::guard))
        .layer(sqrl);
    if server::name().is_none() {
        return router.with_state(app);
    }
    // Outside SQRL's layer, to see its answers too.
    router
        .layer(axum::middleware::from_fn_with_state(app.clone(), steps::note))
        .layer(axum::middleware::from_fn(server::sign))
        .with_state(app)
}

async fn home(State(app): State<App>, session: Session) -> Result<Html<String>, Failure> {
    Ok(pages::home(Visitor::of(&session).await?, &app.public_url))
}

async fn not_found(session: Session) -> Result<Response, Failure> {
    let visitor = Visitor::of(&session).await?;
    let page = pages::message("Not found", "There is no page at this address.", visitor);
    Ok((StatusCode::NOT_FOUND, page).into_response())
}
