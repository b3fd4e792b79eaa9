// The first example of `docs/guide/add_to_an_app.md`, for tests.

use std::net::SocketAddr;

use axum::response::{Html, Redirect, Result};
use axum::{Router, http::StatusCode, routing::get};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, cookie::SameSite, session::Id};
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
use tower_sqrl::{Claim, Sqrl};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    let sqrl = Sqrl::builder("http://127.0.0.1:8080", nuts, identities).build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, app(&sqrl).into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

fn app(sqrl: &Sqrl) -> Router {
    let sessions = SessionManagerLayer::new(MemoryStore::default())
        .with_secure(false) // this example has no https
        .with_same_site(SameSite::Lax); // `Strict` hides the session after a sign-in on this device
    Router::new()
        .route("/", get(home))
        .route("/login", get(async |challenge: SqrlChallenge| challenge.page()))
        .route("/signed-in", get(signed_in))
        .layer(sqrl.layer())
        .layer(sessions)
}

/// The browser arrives here after a sign-in.
async fn signed_in(sqrl: Sqrl, session: Session, login: SqrlLogin) -> Result<Redirect> {
    // A new account's id: the id of a new row, or, as here, a random one. Never derive it from the key.
    let claim = sqrl.link_if_unlinked(&login, Id::default().to_string()).await?;
    session.clear().await; // removes the data of a previous user
    session.cycle_id().await.map_err(unavailable)?; // makes an id that an attacker planted useless
    session.insert("claim", claim).await.map_err(unavailable)?;
    Ok(Redirect::to("/"))
}

/// Returns the account that is signed in, unless the identity has been disabled or removed since.
async fn current(sqrl: &Sqrl, session: &Session) -> Result<Option<String>> {
    let claim: Option<Claim> = session.get("claim").await.map_err(unavailable)?;
    let Some(claim) = claim else { return Ok(None) };
    let is_current = sqrl.check(&claim).await.map_err(unavailable)?.is_current();
    Ok(claim.user().filter(|_| is_current).map(ToString::to_string))
}

async fn home(sqrl: Sqrl, session: Session) -> Result<Html<String>> {
    Ok(Html(match current(&sqrl, &session).await? {
        Some(account) => format!("<p>Hello, {account}!</p>"),
        None => "<p><a href=\"/login\">Sign in</a></p>".to_owned(),
    }))
}

fn unavailable(_: impl std::error::Error) -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}
