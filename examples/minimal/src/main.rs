//! The shortest honest sign-in: <http://127.0.0.1:8080/>.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, Redirect, Response};
use axum::{Router, routing::get};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};
use tower_sqrl::Sqrl;
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::identity::MemoryIdentityStore;
use tower_sqrl::store::MemoryNutStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    let sqrl = Sqrl::builder("http://127.0.0.1:8080", nuts, identities).build()?;
    let app = Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/signed-in", get(signed_in))
        // `Secure` cookies are for https, which this example has not.
        .layer(SessionManagerLayer::new(MemoryStore::default()).with_secure(false))
        .layer(sqrl.layer())
        .with_state(sqrl);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    // SQRL compares the browser's address with the client's, so it needs both.
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

/// The ready page: link, QR code, and the script that waits.
async fn login(challenge: SqrlChallenge) -> Response {
    challenge.page()
}

/// Where the browser arrives when somebody has signed in.
async fn signed_in(
    State(sqrl): State<Sqrl>,
    session: Session,
    login: SqrlLogin,
) -> Result<Redirect, StatusCode> {
    static USERS: AtomicU32 = AtomicU32::new(1);
    // Users are linked: their keys change when they replace their identities.
    let user = match login.user() {
        Some(user) => user.to_string(),
        None => format!("user {}", USERS.fetch_add(1, Ordering::Relaxed)),
    };
    sqrl.link(login.idk(), user.as_str()).await.or(Err(BROKEN))?;
    // A new id: nobody can have planted it in this browser before.
    session.cycle_id().await.or(Err(BROKEN))?;
    session.insert("user", user).await.or(Err(BROKEN))?;
    Ok(Redirect::to("/"))
}

async fn home(session: Session) -> Result<Html<String>, StatusCode> {
    let user = session.get::<String>("user").await.or(Err(BROKEN))?;
    Ok(Html(match user {
        Some(user) => format!("<p>Hello, {user}!</p>"),
        None => "<p><a href=\"/login\">Sign in</a></p>".to_owned(),
    }))
}

const BROKEN: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
