//! The shortest application with a SQRL sign-in: <http://127.0.0.1:8080/>.

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
    let sessions = SessionManagerLayer::new(MemoryStore::default())
        .with_secure(false) // this example has no https
        .with_same_site(SameSite::Lax); // `Strict` hides the session after a sign-in on this device
    let app = Router::new()
        .route("/", get(home))
        .route("/login", get(async |challenge: SqrlChallenge| challenge.page()))
        .route("/signed-in", get(signed_in))
        .layer(sqrl.layer())
        .layer(sessions);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    // SQRL compares the client's address with the browser's.
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
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

async fn home(sqrl: Sqrl, session: Session) -> Result<Html<String>> {
    // A claim ends if the identity is disabled, removed, replaced or unlinked.
    if let Some(claim) = session.get::<Claim>("claim").await.map_err(unavailable)?
        && sqrl.check(&claim).await.map_err(unavailable)?.is_current()
        && let Some(account) = claim.user()
    {
        return Ok(Html(format!("<p>Hello, {account}!</p>")));
    }
    Ok(Html("<p><a href=\"/login\">Sign in</a></p>".to_owned()))
}

fn unavailable(_: impl std::error::Error) -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}
