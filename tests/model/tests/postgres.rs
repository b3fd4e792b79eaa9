//! Compares the engine on Postgres with the model. Each server has its own pool.

mod common;

use std::sync::Arc;

use model::{Stores, SystemClock};
use test_servers::Postgres;
use tower_sqrl::identities::IdentityStore;
use tower_sqrl::nuts::NutStore;
use tower_sqrl_postgres::{Database, PostgresIdentityStore, PostgresNutStore};

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_equals_the_model() {
    let postgres = Postgres::start().expect("a server");
    let mut nuts: Vec<Arc<dyn NutStore>> = Vec::new();
    let mut identities: Vec<Arc<dyn IdentityStore>> = Vec::new();
    for _ in 0..3 {
        let database = Database::connect_no_tls(&postgres.url()).expect("a URL");
        nuts.push(Arc::new(PostgresNutStore::open(&database).await.expect("a store")));
        let store = PostgresIdentityStore::open(&database).await.expect("a store");
        identities.push(Arc::new(store));
    }
    common::run_concurrently(|salt| Stores {
        nuts: nuts.clone(),
        identities: identities.clone(),
        clock: Arc::new(SystemClock),
        salt,
    })
    .await;
}
