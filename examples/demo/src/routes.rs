//! The routes and their layers.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use tower_sessions::{Session, SessionManagerLayer};
use tower_sqrl::Sqrl;

use crate::app::App;
use crate::app_error::AppError;
use crate::pages::{assets, home, layout};
use crate::session::Visitor;
use crate::session::store::AnySessionStore;
use crate::{account, link_identity, protect, sign_in};

/// Bytes of a request's body.
const MAX_BODY: usize = 4096;

pub(crate) fn router(
    app: App,
    sqrl: &Sqrl,
    sessions: SessionManagerLayer<AnySessionStore>,
) -> Router {
    Router::new()
        .route("/", get(start_page))
        .route("/login", get(sign_in::login))
        .route("/signed-in", get(sign_in::signed_in))
        .route("/account", get(account::show))
        .route("/account/name", post(account::rename))
        .route("/account/unlink", get(account::confirm_unlink).post(account::unlink))
        .route("/account/identity", get(link_identity::same_address))
        .route("/account/identity/elsewhere", get(link_identity::any_address))
        .route("/account/identity/confirm", get(link_identity::ask).post(link_identity::confirm))
        .route("/account/identity/decline", post(link_identity::decline))
        .route("/sign-out", post(account::sign_out))
        .route("/demo.css", get(assets::style))
        .route("/favicon.ico", get(assets::icon))
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(sessions)
        // Inside SQRL's layer, which has checks of its own for its own paths.
        .layer(from_fn_with_state(app.clone(), protect::protect))
        .layer(sqrl.layer())
        .with_state(app)
}

/// Adds the header `x-server`, which tells several servers apart.
pub(crate) fn name_server(router: Router, name: HeaderValue) -> Router {
    router.layer(map_response(move |response: Response| {
        std::future::ready(([("x-server", name.clone())], response))
    }))
}

async fn start_page(State(app): State<App>, session: Session) -> Result<Html<String>, AppError> {
    Ok(home::home(Visitor::of(&session).await?, &app.public_url))
}

async fn not_found(session: Session) -> Result<Response, AppError> {
    let visitor = Visitor::of(&session).await?;
    let page = layout::message("Not found", "There is no page at this address.", visitor);
    Ok((StatusCode::NOT_FOUND, page).into_response())
}
