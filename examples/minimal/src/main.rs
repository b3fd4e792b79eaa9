//! The shortest honest sign-in: <http://127.0.0.1:8080/>.

use std::net::SocketAddr;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, Redirect};
use axum::{Router, routing::get};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, cookie::SameSite};
use tower_sqrl::Sqrl;
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
use tower_sqrl::protocol::Idk;

const BROKEN: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init(); // else nothing is logged: RUST_LOG=tower_sqrl=debug says most
    let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    let sqrl = Sqrl::builder("http://127.0.0.1:8080", nuts, identities).build()?;
    let sessions = SessionManagerLayer::new(MemoryStore::default())
        .with_secure(false) // no https here
        .with_same_site(SameSite::Lax); // with `Strict`, whom the SQRL app sends arrives without
    let app = Router::new()
        .route("/", get(home))
        .route("/login", get(async |challenge: SqrlChallenge| challenge.page()))
        .route("/signed-in", get(signed_in))
        .layer(sqrl.layer())
        .layer(sessions)
        .with_state(sqrl);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    // SQRL compares the browser's address with the client's.
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

async fn signed_in(
    sqrl: State<Sqrl>,
    session: Session,
    login: SqrlLogin,
) -> Result<Redirect, StatusCode> {
    // The account is linked with the key, for users move to new keys.
    let key = login.idk().to_string();
    let user = sqrl.link_if_unlinked(login.idk(), key.as_str()).await.or(Err(BROKEN))?;
    session.flush().await.or(Err(BROKEN))?; // a new id, and nothing of a previous user
    let who: Who = (user.to_string(), key, login.epoch().get());
    session.insert("who", who).await.or(Err(BROKEN))?;
    Ok(Redirect::to("/"))
}

async fn home(sqrl: State<Sqrl>, session: Session) -> Result<Html<String>, StatusCode> {
    let who = session.get::<Who>("who").await.or(Err(BROKEN))?;
    Ok(Html(match who {
        Some(who) if is_current(&sqrl, &who).await? => format!("<p>Hello, {}!</p>", who.0),
        _ => "<p><a href=\"/login\">Sign in</a></p>".to_owned(),
    }))
}

/// The account, the key, and the epoch of the identity at sign-in.
type Who = (String, String, u64);

/// A session ends when its owner disables, removes or replaces the identity, or it is unlinked.
async fn is_current(sqrl: &Sqrl, (user, key, epoch): &Who) -> Result<bool, StatusCode> {
    let Ok(key) = Idk::parse(key) else { return Ok(false) };
    let identity = sqrl.identity(&key).await.or(Err(BROKEN))?;
    Ok(identity.is_some_and(|identity| {
        let same_user = identity.user.is_some_and(|it| it.as_str() == user);
        same_user && !identity.disabled && identity.epoch.get() == *epoch
    }))
}
