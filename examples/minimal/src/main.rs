//! The shortest honest sign-in: <http://127.0.0.1:8080/>.

use std::net::SocketAddr;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, Redirect};
use axum::{Router, routing::get};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, cookie::SameSite};
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::{Sqrl, identity::MemoryIdentityStore, store::MemoryNutStore};

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
    let user = sqrl.link_if_unlinked(login.idk(), login.idk().to_string()).await.or(Err(BROKEN))?;
    session.cycle_id().await.or(Err(BROKEN))?; // nobody can have planted the new id
    session.insert("user", user.as_str()).await.or(Err(BROKEN))?;
    Ok(Redirect::to("/"))
}

async fn home(session: Session) -> Result<Html<String>, StatusCode> {
    let user = session.get::<String>("user").await.or(Err(BROKEN))?;
    Ok(Html(match user {
        Some(user) => format!("<p>Hello, {user}!</p>"),
        None => "<p><a href=\"/login\">Sign in</a></p>".to_owned(),
    }))
}
