//! A small site with tower-sqrl, as an application would have it.

use std::net::SocketAddr;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use tower_sqrl::Sqrl;
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::identity::MemoryIdentityStore;

use crate::Failure;
use crate::store::MemoryNutStore;

pub(crate) async fn app(address: SocketAddr, _pending: u64) -> Result<Router, Failure> {
    let (nuts, identities) = (MemoryNutStore::default(), MemoryIdentityStore::new());
    let sqrl = Sqrl::builder(format!("http://{address}"), nuts, identities).build()?;
    Ok(Router::new()
        .route("/login", get(login))
        .route("/signed-in", get(signed_in))
        .layer(sqrl.layer()))
}

async fn login(challenge: SqrlChallenge) -> Response {
    challenge.page()
}

/// What the application does with a sign-in is its own affair.
async fn signed_in(_: SqrlLogin) -> &'static str {
    "Welcome"
}
