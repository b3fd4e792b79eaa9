//! An application with axum-login. Users sign in with SQRL only.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend};
use sqlx::SqlitePool;
use tower_sessions::SessionManagerLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions_sqlx_store::SqliteStore;
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::{Claim, LinkError, SignIn, Sqrl, StoreError};

/// A user who has signed in with one of their identities.
#[derive(Debug, Clone)]
pub struct User {
    claim: Claim,
    name: String,
}

impl AuthUser for User {
    type Id = Claim;

    fn id(&self) -> Claim {
        self.claim.clone()
    }

    /// Empty: `get_user` checks the claim at every request.
    fn session_auth_hash(&self) -> &[u8] {
        &[]
    }
}

/// The table of users, and SQRL.
#[derive(Debug, Clone)]
pub struct Users {
    sqrl: Sqrl,
    pool: SqlitePool,
}

/// A store or the database failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database of the application failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The identity store failed.
    #[error(transparent)]
    Identities(#[from] StoreError),
    /// The new user was not linked.
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl AuthnBackend for Users {
    type User = User;
    type Credentials = SignIn;
    type Error = Error;

    /// Returns the user of an identity. An identity without one gets a new user.
    async fn authenticate(&self, login: SignIn) -> Result<Option<User>, Error> {
        if login.user().is_some() {
            return self.get_user(&login.claim()).await;
        }
        let sql = "insert into users (name) values ('Ada') returning id";
        let user: i64 = sqlx::query_scalar(sql).fetch_one(&self.pool).await?;
        // If the identity signs up twice at once, both get the first user.
        let claim = self.sqrl.link_if_unlinked(&login, user.to_string()).await?;
        self.get_user(&claim).await
    }

    /// Returns the user at every request, or `None` if the claim is no longer current.
    async fn get_user(&self, claim: &Claim) -> Result<Option<User>, Error> {
        let id = claim.user().and_then(|user| user.as_str().parse::<i64>().ok());
        let Some(id) = id else { return Ok(None) };
        if !self.sqrl.check(claim).await?.is_current() {
            return Ok(None);
        }
        let sql = "select name from users where id = ?";
        let name = sqlx::query_scalar(sql).bind(id).fetch_optional(&self.pool).await?;
        Ok(name.map(|name| User { claim: claim.clone(), name }))
    }
}

type Auth = AuthSession<Users>;

/// Returns the application. Its users and sessions are in the database of `pool`.
///
/// # Errors
///
/// Returns an error if the tables cannot be created.
pub async fn app(sqrl: Sqrl, pool: SqlitePool) -> Result<Router, sqlx::Error> {
    sqlx::query(
        "create table if not exists users (id integer primary key autoincrement, name text)",
    )
    .execute(&pool)
    .await?;
    let store = SqliteStore::new(pool.clone());
    store.migrate().await?;
    let sessions = SessionManagerLayer::new(store)
        .with_secure(false) // there is no https
        .with_same_site(SameSite::Lax);
    let users = Users { sqrl: sqrl.clone(), pool };
    let auth = AuthManagerLayerBuilder::new(users, sessions).build();
    Ok(Router::new()
        .route("/", get(home))
        .route("/login", get(async |challenge: SqrlChallenge| challenge.page()))
        .route("/signed-in", get(signed_in))
        .route("/sign-out", post(sign_out))
        .layer(sqrl.layer())
        .layer(auth))
}

async fn home(auth: Auth) -> String {
    match auth.user {
        Some(User { claim, name }) => {
            let id = claim.user().map(ToString::to_string).unwrap_or_default();
            format!("Hello, {name} (user {id})")
        }
        None => "Hello, stranger".to_owned(),
    }
}

async fn signed_in(mut auth: Auth, login: SqrlLogin) -> Response {
    match auth.authenticate((*login).clone()).await {
        Ok(Some(user)) if auth.login(&user).await.is_ok() => Redirect::to("/").into_response(),
        Ok(_) => StatusCode::UNAUTHORIZED.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn sign_out(mut auth: Auth) -> Response {
    match auth.logout().await {
        Ok(_) => Redirect::to("/").into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
