// The first example of `docs/guide/add_to_an_app.md`, to be tried.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use tower_http::csrf::CsrfLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};
use tower_sqrl::axum::{LoginRejection, SqrlChallenge, SqrlLogin};
use tower_sqrl::identities::UserId;
use tower_sqrl::memory::MemoryIdentityStore;
use tower_sqrl::protocol::Idk;
use tower_sqrl::memory::MemoryNutStore;
use tower_sqrl::{NotSignedIn, Sqrl};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    // In earnest: SqliteIdentityStore::open("identities.sqlite")?, of tower-sqrl-sqlite.
    let identities = MemoryIdentityStore::new();
    // Where browsers and clients reach the application. In earnest with https.
    let sqrl = Sqrl::builder("http://127.0.0.1:8080", MemoryNutStore::new(), identities).build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    // The client's address is part of the protocol.
    axum::serve(listener, app(sqrl).into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

fn app(sqrl: Sqrl) -> Router {
    let sessions = SessionManagerLayer::new(MemoryStore::default())
        .with_secure(false) // for http alone; leave the line out with https
        .with_same_site(SameSite::Lax); // a client on this device leads the browser back here
    Router::new()
        .route("/", get(home))
        .route("/login", get(async |challenge: SqrlChallenge| challenge.page()))
        .route("/signed-in", get(signed_in))
        .route("/sign-out", post(sign_out))
        .layer(CsrfLayer::new()) // rejects other sites' forms; stands before SQRL's layer
        .layer(sqrl.layer()) // behind the routes that it is for
        .layer(sessions) // before or after it
        .with_state(sqrl)
}

/// The browser arrives here when somebody has signed in.
async fn signed_in(
    State(sqrl): State<Sqrl>,
    session: Session,
    login: Result<SqrlLogin, LoginRejection>,
) -> Result<Response, Failure> {
    let login = match login {
        Ok(login) => login,
        // Reloaded, or a bookmark: there is nothing to collect a second time.
        Err(LoginRejection::NotSignedIn(NotSignedIn::Nothing)) => {
            return Ok(Redirect::to("/login").into_response());
        }
        // The identity has changed since (401), or a store failed (503). Reload once. If the sign-in
        // was already taken from the store, that leads to the sign-in page.
        Err(why) => return Ok(why.into_response()),
    };
    let account = match login.user() {
        Some(account) => account.clone(),
        // In earnest: a new row's id.
        None => sqrl.link_if_unlinked(login.idk(), format!("account-{}", login.idk())).await?,
    };
    session.clear().await; // keeps nothing of the previous user
    session.cycle_id().await?; // nobody can have planted the new id
    session.insert("account", account.as_str()).await?;
    session.insert("idk", login.idk().as_bytes()).await?;
    session.insert("epoch", login.epoch().get()).await?;
    Ok(Redirect::to("/").into_response())
}

/// Who is signed in, unless the owner has disabled, enabled, rekeyed or removed the identity
/// since, or the application has unlinked it: what that ends, is for the application to end here.
async fn current(sqrl: &Sqrl, session: &Session) -> Result<Option<String>, Failure> {
    let (Some(account), Some(idk), Some(epoch)) = (
        session.get::<String>("account").await?,
        session.get::<[u8; 32]>("idk").await?,
        session.get::<u64>("epoch").await?,
    ) else {
        return Ok(None);
    };
    let identity = sqrl.identity(&Idk::from_bytes(idk)).await?;
    // Unlinking leaves the epoch as it is, so the account is compared as well.
    let still = identity.is_some_and(|now| {
        let user = now.user.as_ref().map(UserId::as_str);
        !now.disabled && now.epoch.get() == epoch && user == Some(account.as_str())
    });
    Ok(still.then_some(account))
}

async fn home(State(sqrl): State<Sqrl>, session: Session) -> Result<Html<String>, Failure> {
    Ok(Html(match current(&sqrl, &session).await? {
        // Escape what users choose themselves; this id is ours.
        Some(account) => format!(
            "<p>Hello, {account}!</p>\
             <form method=\"post\" action=\"/sign-out\"><button>Sign out</button></form>"
        ),
        None => "<p><a href=\"/login\">Sign in</a></p>".to_owned(),
    }))
}

async fn sign_out(session: Session) -> Result<Redirect, Failure> {
    session.flush().await?;
    Ok(Redirect::to("/"))
}

/// Whatever fails: logged, and 503.
struct Failure(Box<dyn std::error::Error + Send + Sync>);

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        eprintln!("{}", self.0);
        (StatusCode::SERVICE_UNAVAILABLE, "This does not work at the moment.\n").into_response()
    }
}
