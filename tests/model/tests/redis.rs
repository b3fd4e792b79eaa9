//! The engine over Redis, each server with its own connection; identities are in memory.

mod common;

use std::sync::Arc;

use model::{Real, Stores};
use test_servers::Redis;
use tower_sqrl::memory::MemoryIdentityStore;
use tower_sqrl::nuts::NutStore;
use tower_sqrl_redis::RedisNutStore;

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_is_as_the_model_says() {
    let redis = Redis::start().expect("a server");
    let mut nuts: Vec<Arc<dyn NutStore>> = Vec::new();
    for _ in 0..3 {
        nuts.push(Arc::new(RedisNutStore::connect(&redis.url()).await.expect("a store")));
    }
    common::side_by_side(|salt| Stores {
        nuts: nuts.clone(),
        identities: vec![Arc::new(MemoryIdentityStore::new())],
        time: Arc::new(Real),
        salt,
    })
    .await;
}
