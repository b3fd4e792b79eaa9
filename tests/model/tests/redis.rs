//! Compares the engine on Redis with the model. Each server has its own connection. Identities are in
//! memory.

mod common;

use std::sync::Arc;

use model::{Stores, SystemClock};
use test_servers::Redis;
use tower_sqrl::memory::MemoryIdentityStore;
use tower_sqrl::nuts::NutStore;
use tower_sqrl_redis::RedisNutStore;

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_equals_the_model() {
    let redis = Redis::start().expect("a server");
    let mut nuts: Vec<Arc<dyn NutStore>> = Vec::new();
    for _ in 0..3 {
        nuts.push(Arc::new(RedisNutStore::connect(&redis.url()).await.expect("a store")));
    }
    common::run_concurrently(|salt| Stores {
        nuts: nuts.clone(),
        identities: vec![Arc::new(MemoryIdentityStore::new())],
        clock: Arc::new(SystemClock),
        salt,
    })
    .await;
}
