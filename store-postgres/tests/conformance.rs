//! The suites of both contracts, on one server, with one handle and as several servers.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{PATIENCE, SERVER, database};
use test_servers::Pgbouncer;
use tower_sqrl_core::conformance::nuts::RawWrite;
use tower_sqrl_core::conformance::{identities, nuts};
use tower_sqrl_core::identities::IdentityStore;
use tower_sqrl_core::nuts::NutStore;
use tower_sqrl_postgres::deadpool_postgres::{Manager, Pool};
use tower_sqrl_postgres::tokio_postgres::{Config, NoTls};
use tower_sqrl_postgres::{Database, OpenError, PostgresIdentityStore, PostgresNutStore};

#[tokio::test(flavor = "multi_thread")]
async fn identities_of_several_servers() {
    let mut servers = Vec::new();
    for _ in 0..3 {
        let store = PostgresIdentityStore::open(&database("identities")).await.expect("a store");
        servers.push(Arc::new(store) as Arc<dyn IdentityStore>);
    }
    identities::Suite::new(servers).rounds(300).run().await;
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
    nuts::Suite::new(servers).raw(raw("nuts")).run().await;
}

/// One handle over a pool that does not listen, in an unlogged table, swept all the time.
#[tokio::test(flavor = "multi_thread")]
async fn nuts_over_a_pool_of_ones_own() {
    let config: Config = SERVER.url().parse().expect("a URL");
    let pool = Pool::builder(Manager::new(config, NoTls)).max_size(4).build().expect("a pool");
    let database =
        Database::new(pool).schema("own").timeout(PATIENCE).sweep_every(Duration::from_millis(5));
    let store = PostgresNutStore::open_unlogged(&database).await.expect("a store");
    nuts::Suite::new([Arc::new(store) as Arc<dyn NutStore>]).rounds(200).run().await;
}

/// Statements that are prepared once per connection, which only direct connections can have.
#[tokio::test(flavor = "multi_thread")]
async fn prepared_statements() {
    let database = database("prepared").prepared_statements_on_direct_connections();
    let identities = PostgresIdentityStore::open(&database).await.expect("a store");
    let identities = [Arc::new(identities) as Arc<dyn IdentityStore>];
    identities::Suite::new(identities).rounds(50).run().await;
    let nuts = PostgresNutStore::open(&database).await.expect("a store");
    let nuts = [Arc::new(nuts) as Arc<dyn NutStore>];
    nuts::Suite::new(nuts).rounds(50).run().await;
}

/// Two servers share three connections, which a pooler lends to them for a transaction each,
/// and to strangers in between.
#[tokio::test(flavor = "multi_thread")]
async fn both_through_a_pooler() {
    let pooler = Pgbouncer::start(&SERVER, &[], &["default_pool_size = 3"]).expect("PgBouncer");
    let pooled = || {
        let database = Database::connect_no_tls(&pooler.url()).expect("a URL");
        database.schema("pooled").timeout(PATIENCE)
    };
    let (mut identities, mut nuts) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let store = PostgresIdentityStore::open(&pooled()).await.expect("a store");
        identities.push(Arc::new(store) as Arc<dyn IdentityStore>);
        let store = PostgresNutStore::open(&pooled()).await.expect("a store");
        nuts.push(Arc::new(store) as Arc<dyn NutStore>);
    }
    identities::Suite::new(identities).rounds(100).run().await;
    nuts::Suite::new(nuts).rounds(100).run().await;

    // Strangers find the connections as the server made them.
    for _ in 0..10 {
        let left = |what| SERVER.query_through(&pooler.url(), what).expect("a row");
        assert_eq!(left("show statement_timeout"), "0");
        assert_eq!(left("select count(*) from pg_prepared_statements"), "0");
        assert_eq!(left("select count(*) from pg_listening_channels()"), "0");
        assert_eq!(left("select count(*) from pg_cursors where name <> ''"), "0");
    }
    let error = PostgresIdentityStore::open(&pooled().prepared_statements_on_direct_connections())
        .await
        .expect_err("names of others are there");
    assert!(matches!(error, OpenError::Pooler), "{error:?}");
}

/// Writes what another release would.
fn raw(schema: &'static str) -> RawWrite {
    Box::new(move |kind, key, record, ttl| {
        let insert = format!(
            "insert into {schema}.sqrl_nut (kind, key, expires_at, record) values \
             ('{}', '\\x{}', now() + interval '{} s', '\\x{}')",
            kind.as_str(),
            hex(&key),
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
