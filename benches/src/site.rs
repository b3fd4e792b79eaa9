//! A small site with tower-sqrl, as an application would have it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::memory::MemoryIdentityStore;
use tower_sqrl::memory::MemoryNutStore;
use tower_sqrl::nuts::{Digest, NutInfo, NutState, NutStore, Timestamp, WaitId};
use tower_sqrl::protocol::Nut;
use tower_sqrl::{Sqrl, SqrlBuilder};
use tower_sqrl_postgres::{Database, PostgresIdentityStore};
use tower_sqrl_redis::RedisNutStore;

use crate::Failure;
use crate::serve::SharedArgs;

/// Room for the nuts of the load, beside those that wait from the start.
const ROOM: usize = 1_000_000;

/// The nuts that wait from the start outlive every measurement.
const WAIT: Duration = Duration::from_secs(3 * 3600);

/// The site over its memory stores, with so many nuts that wait for an answer.
pub(crate) async fn alone(
    public_url: &str,
    pending: u32,
    chain_seconds: Option<u64>,
) -> Result<Router, Failure> {
    let nuts = MemoryNutStore::with_capacity(usize::try_from(pending)? + ROOM);
    fill(&nuts, pending).await?;
    let identities = Arc::new(MemoryIdentityStore::new());
    let mut sqrl = Sqrl::builder_shared(public_url, Arc::new(nuts), identities);
    if let Some(chain) = chain_seconds.map(Duration::from_secs) {
        sqrl = sqrl.url_lifetime(chain).nut_lifetime(chain).chain_lifetime(chain);
    }
    site(sqrl)
}

/// The site as one of several servers behind a proxy on this machine.
pub(crate) async fn shared(public_url: &str, shared: &SharedArgs) -> Result<Router, Failure> {
    let nuts = RedisNutStore::connect(&shared.redis).await?;
    let database = Database::connect_no_tls(&shared.postgres)?;
    let identities = PostgresIdentityStore::open(&database).await?;
    site(Sqrl::builder(public_url, nuts, identities).trusted_proxy("127.0.0.1"))
}

fn site(sqrl: SqrlBuilder) -> Result<Router, Failure> {
    Ok(Router::new()
        .route("/login", get(login))
        .route("/signed-in", get(signed_in))
        .layer(sqrl.without_limiting_challenges().build()?.layer()))
}

async fn login(challenge: SqrlChallenge) -> Response {
    challenge.page()
}

/// What the application does with a sign-in is its own affair.
async fn signed_in(_: SqrlLogin) -> &'static str {
    "Welcome"
}

/// Links that browsers at as many addresses have asked for.
pub(crate) async fn fill(nuts: &dyn NutStore, count: u32) -> Result<(), Failure> {
    for n in 0..count {
        let nut = Nut::from_bytes(rand::random());
        nuts.store_nut(&nut, &link(nut, n), NutState::Pending, WAIT).await?;
    }
    Ok(())
}

/// What is remembered of a fresh link, asked for from the n-th address.
pub(crate) fn link(nut: Nut, n: u32) -> NutInfo {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp::from_millis(u64::try_from(now.as_millis()).unwrap_or(0));
    let ip = IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 | n));
    let wait = WaitId::from_bytes(rand::random());
    NutInfo::first(nut, wait, ip, now, Digest::from_bytes(rand::random()))
}
