//! An application with axum-login whose only way to sign in is SQRL.

use std::fmt;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend};
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use tower_sessions::SessionManagerLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions_sqlx_store::SqliteStore;
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::protocol::Idk;
use tower_sqrl::{LinkError, SignIn, Sqrl};

/// A user, signed in with one of their identities.
#[derive(Debug, Clone)]
pub struct User {
    key: Key,
    name: String,
    /// axum-login compares it at every request with what it was at the sign-in.
    epoch: [u8; 8],
}

/// What the session keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    user: i64,
    idk: [u8; 32],
}

/// For axum-login's log.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.user.fmt(f)
    }
}

impl AuthUser for User {
    type Id = Key;

    fn id(&self) -> Key {
        self.key.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        &self.epoch
    }
}

/// The users table, and the identities.
#[derive(Debug, Clone)]
pub struct Users {
    sqrl: Sqrl,
    pool: SqlitePool,
}

/// A store that does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The application's database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The identities'.
    #[error(transparent)]
    Identities(#[from] tower_sqrl::StoreError),
    /// The same, while linking.
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl AuthnBackend for Users {
    type User = User;
    type Credentials = SignIn;
    type Error = Failure;

    /// The user of an identity; a new row for one that has none.
    async fn authenticate(&self, login: SignIn) -> Result<Option<User>, Failure> {
        if login.user().is_none() {
            let sql = "insert into users (name) values ('Ada') returning id";
            let user: i64 = sqlx::query_scalar(sql).fetch_one(&self.pool).await?;
            // Of two sign-ups at once the first one's user counts.
            self.sqrl.link_if_unlinked(&login, user.to_string()).await?;
        }
        self.current(login.idk()).await
    }

    /// Who it is at every request: nobody, if the identity was disabled, removed, replaced, unlinked
    /// or linked with somebody else.
    async fn get_user(&self, key: &Key) -> Result<Option<User>, Failure> {
        let user = self.current(&Idk::from_bytes(key.idk)).await?;
        Ok(user.filter(|user| user.key == *key))
    }
}

impl Users {
    async fn current(&self, idk: &Idk) -> Result<Option<User>, Failure> {
        let identity = self.sqrl.identity(idk).await?.filter(|identity| !identity.disabled);
        let Some(identity) = identity else { return Ok(None) };
        let id = identity.user.and_then(|user| user.as_str().parse::<i64>().ok());
        let Some(id) = id else { return Ok(None) };
        let sql = "select name from users where id = ?";
        let name = sqlx::query_scalar(sql).bind(id).fetch_optional(&self.pool).await?;
        let key = Key { user: id, idk: *idk.as_bytes() };
        Ok(name.map(|name| User { key, name, epoch: identity.epoch.get().to_be_bytes() }))
    }
}

type Auth = AuthSession<Users>;

/// The application. Its users and sessions are in the database of `pool`.
///
/// # Errors
///
/// The tables could not be made.
pub async fn app(sqrl: Sqrl, pool: SqlitePool) -> Result<Router, sqlx::Error> {
    sqlx::query(
        "create table if not exists users (id integer primary key autoincrement, name text)",
    )
    .execute(&pool)
    .await?;
    let store = SqliteStore::new(pool.clone());
    store.migrate().await?;
    let sessions = SessionManagerLayer::new(store)
        .with_secure(false) // for http alone
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
        Some(user) => format!("Hello, {} (user {})", user.name, user.key.user),
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
