//! Connections and pools of the application.

mod common;

use common::{PATIENCE, every_hook_is_unavailable, nut, outcome, until_it_works, works};
use redis::cluster::ClusterClient;
use test_servers::{Redis, RedisCluster};
use tokio::time::timeout;
use tower_sqrl_core::nuts::{NutState, NutStore, WaitId};
use tower_sqrl_redis::{RedisNutStore, RedisNutStoreBuilder};

async fn check(builder: RedisNutStoreBuilder) {
    let store = builder.connect().await.expect("a store");
    for _ in 0..20 {
        works(&store).await.expect("it works");
    }
    let wait = WaitId::from_bytes(*nut().as_bytes());
    let mut watch = store.watch(&wait).await.expect("a watch");
    store
        .store_nut(wait.as_nut(), &outcome(), NutState::Authorized, common::TTL)
        .await
        .expect("stored");
    timeout(PATIENCE, watch.announced()).await.expect("announced");
}

async fn stops_and_comes_back(redis: &mut Redis, store: &RedisNutStore) {
    redis.pause().expect("paused");
    every_hook_is_unavailable(store).await;
    redis.resume().expect("resumed");
    redis.stop().expect("stopped");
    every_hook_is_unavailable(store).await;
    redis.restart().expect("started again");
    until_it_works(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_manager() {
    let mut redis = Redis::start().expect("a server");
    let client = redis::Client::open(redis.url()).expect("a client");
    let manager = client.get_connection_manager().await.expect("a connection");
    let builder = || RedisNutStore::builder(&redis.url()).with_redis_1(manager.clone());
    check(builder()).await;
    let store = builder().build().expect("a store");
    stops_and_comes_back(&mut redis, &store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool() {
    let mut redis = Redis::start().expect("a server");
    let config = deadpool_redis::Config::from_url(redis.url());
    let pool = config.create_pool(Some(deadpool_redis::Runtime::Tokio1)).expect("a pool");
    let builder = || RedisNutStore::builder(&redis.url()).with_deadpool_0_13(pool.clone());
    check(builder()).await;
    let store = builder().build().expect("a store");
    stops_and_comes_back(&mut redis, &store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_s_connection_and_pool() {
    let cluster = RedisCluster::start().expect("servers");
    let client = ClusterClient::builder(cluster.urls()).retries(0).build().expect("a client");
    let connection = client.get_async_connection().await.expect("a connection");
    check(RedisNutStore::builder(&cluster.url()).with_redis_1(connection)).await;
    let config = deadpool_redis::cluster::Config::from_urls(cluster.urls());
    let pool = config.create_pool(Some(deadpool_redis::Runtime::Tokio1)).expect("a pool");
    check(RedisNutStore::builder(&cluster.url()).with_deadpool_0_13(pool)).await;
}
