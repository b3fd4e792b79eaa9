//! The suites of both contracts, on one server, with one handle and as several servers.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{PATIENCE, SERVER, database};
use tower_sqrl::identity::{self, IdentityStore};
use tower_sqrl::store::conformance::{RawKey, RawWrite};
use tower_sqrl::store::{self, NutState, NutStore};
use tower_sqrl_postgres::deadpool_postgres::{Manager, Pool};
use tower_sqrl_postgres::tokio_postgres::{Config, NoTls};
use tower_sqrl_postgres::{Database, PostgresIdentityStore, PostgresNutStore};

#[tokio::test(flavor = "multi_thread")]
async fn identities_of_several_servers() {
    let mut servers = Vec::new();
    for _ in 0..3 {
        let store = PostgresIdentityStore::open(&database("identities")).await.expect("a store");
        servers.push(Arc::new(store) as Arc<dyn IdentityStore>);
    }
    identity::conformance::Suite::new(servers).rounds(300).run().await;
    let log = SERVER.log();
    assert!(!log.contains("deadlock detected"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nuts_of_several_servers() {
    let mut servers = Vec::new();
    for _ in 0..3 {
        let store = PostgresNutStore::open(&database("nuts")).await.expect("a store");
        servers.push(Arc::new(store) as Arc<dyn NutStore>);
    }
    store::conformance::Suite::new(servers).raw(raw("nuts")).run().await;
}

/// One handle over a pool that does not listen, in an unlogged table, swept all the time.
#[tokio::test(flavor = "multi_thread")]
async fn nuts_over_a_pool_of_ones_own() {
    let config: Config = SERVER.url().parse().expect("a URL");
    let pool = Pool::builder(Manager::new(config, NoTls)).max_size(4).build().expect("a pool");
    let database =
        Database::new(pool).schema("own").timeout(PATIENCE).sweep_every(Duration::from_millis(5));
    let store = PostgresNutStore::open_unlogged(&database).await.expect("a store");
    store::conformance::Suite::new([Arc::new(store) as Arc<dyn NutStore>]).rounds(200).run().await;
}

/// Writes what another release would.
fn raw(schema: &'static str) -> RawWrite {
    Box::new(move |key, record, ttl| {
        let (kind, key) = match &key {
            RawKey::Nut(nut, NutState::Pending) => ("pending", nut.as_bytes()),
            RawKey::Nut(nut, NutState::Authorized) => ("authorized", nut.as_bytes()),
            RawKey::Cps(id) => ("cps", id.as_bytes()),
        };
        let insert = format!(
            "insert into {schema}.sqrl_nut (kind, key, expires_at, record) values \
             ('{kind}', '\\x{}', now() + interval '{} s', '\\x{}')",
            hex(key),
            ttl.as_secs(),
            hex(&record),
        );
        Box::pin(async move {
            SERVER.query(&insert).expect("a row");
        })
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
