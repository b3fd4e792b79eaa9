//! A small site with tower-sqrl.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
use tower_sqrl::nuts::{Digest, NutInfo, NutState, NutStore, Timestamp, WaitId};
use tower_sqrl::protocol::Nut;
use tower_sqrl::{Sqrl, SqrlBuilder};
use tower_sqrl_postgres::{Database, PostgresIdentityStore};
use tower_sqrl_redis::RedisNutStore;

use crate::failure::Failure;

/// Capacity for the nuts of the load, in addition to those that are pending from the start.
const LOAD_CAPACITY: usize = 1_000_000;

/// Lifetime of the nuts that are pending from the start: longer than every measurement.
const PENDING_TTL: Duration = Duration::from_secs(3 * 3600);

/// Returns the site on memory stores, with this many pending nuts.
pub(crate) async fn on_memory(
    public_url: &str,
    pending: u32,
    chain_seconds: Option<u64>,
) -> Result<Router, Failure> {
    let nuts = MemoryNutStore::with_capacity(usize::try_from(pending)? + LOAD_CAPACITY);
    store_pending(&nuts, pending).await?;
    let identities = Arc::new(MemoryIdentityStore::new());
    let mut sqrl = Sqrl::builder_shared(public_url, Arc::new(nuts), identities);
    if let Some(chain) = chain_seconds.map(Duration::from_secs) {
        sqrl = sqrl.url_lifetime(chain).nut_lifetime(chain).chain_lifetime(chain);
    }
    site(sqrl)
}

/// Returns the site as one of several servers behind a proxy on this machine.
pub(crate) async fn on_redis_and_postgres(
    public_url: &str,
    redis: &str,
    postgres: &str,
) -> Result<Router, Failure> {
    let nuts = RedisNutStore::connect(redis).await?;
    let database = Database::connect_no_tls(postgres)?;
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

/// Does nothing with the sign-in, so that only the layer is measured.
async fn signed_in(_: SqrlLogin) -> &'static str {
    "Welcome"
}

/// Stores this many pending nuts, each requested from another address.
pub(crate) async fn store_pending(nuts: &dyn NutStore, count: u32) -> Result<(), Failure> {
    for n in 0..count {
        let nut = Nut::from_bytes(rand::random());
        nuts.store_nut(&nut, &nut_info(nut, n), NutState::Pending, PENDING_TTL).await?;
    }
    Ok(())
}

/// Returns the record of a new SQRL URL, requested from the n-th address.
pub(crate) fn nut_info(nut: Nut, n: u32) -> NutInfo {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp::from_millis(u64::try_from(now.as_millis()).unwrap_or(0));
    let ip = IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 | n));
    let wait = WaitId::from_bytes(rand::random());
    NutInfo::first(nut, wait, ip, now, Digest::from_bytes(rand::random()))
}
