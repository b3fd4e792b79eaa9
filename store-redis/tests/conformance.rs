//! The contract of nut stores, kept by two stores side by side in every topology.

use std::sync::Arc;

use redis::aio::ConnectionLike;
use redis::cluster::ClusterClient;
use test_servers::{Redis, RedisCluster, RedisSentinel};
use tower_sqrl_core::conformance::nuts::{RawWrite, Suite};
use tower_sqrl_core::nuts::{CpsId, NutStore, RecordKind};
use tower_sqrl_redis::{RedisNutStore, RedisNutStoreBuilder};

/// Writes past the store.
fn raw<C: ConnectionLike + Clone + Send + Sync + 'static>(connection: C) -> RawWrite {
    Box::new(move |kind, key, record, ttl| {
        let mut connection = connection.clone();
        Box::pin(async move {
            let namespace = match kind {
                RecordKind::Pending => "nut",
                RecordKind::Authorized => "out",
                RecordKind::Cps => "cps",
            };
            let key = format!("sqrl:{namespace}:{}", CpsId::from_bytes(key).to_text());
            let millis = u64::try_from(ttl.as_millis()).expect("a time that fits");
            let mut set = redis::cmd("SET");
            set.arg(key).arg(record).arg("PX").arg(millis);
            set.exec_async(&mut connection).await.expect("written");
        })
    })
}

async fn check(builder: impl Fn() -> RedisNutStoreBuilder, raw: RawWrite) {
    let mut servers = Vec::new();
    for _ in 0..2 {
        let store = builder().connect().await.expect("a store");
        servers.push(Arc::new(store) as Arc<dyn NutStore>);
    }
    Suite::new(servers).raw(raw).run().await;
}

async fn connection(port: u16) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).expect("a client");
    client.get_multiplexed_async_connection().await.expect("a connection")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server() {
    let redis = Redis::start().expect("a server");
    let raw = raw(connection(redis.port()).await);
    check(|| RedisNutStore::builder(&redis.url()), raw).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: the whole suite once more"]
async fn one_server_through_a_pool() {
    let redis = Redis::start().expect("a server");
    let pool = || {
        let config = deadpool_redis::Config::from_url(redis.url());
        config.create_pool(Some(deadpool_redis::Runtime::Tokio1)).expect("a pool")
    };
    let raw = raw(connection(redis.port()).await);
    check(|| RedisNutStore::builder(&redis.url()).with_deadpool_0_13(pool()), raw).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: the whole suite once more"]
async fn sentinel() {
    let sentinel = RedisSentinel::start().expect("servers");
    let raw = raw(connection(sentinel.primary_port().expect("a primary")).await);
    check(|| RedisNutStore::builder(&sentinel.url()), raw).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: the whole suite once more"]
async fn cluster() {
    let cluster = RedisCluster::start().expect("servers");
    let client = ClusterClient::new(cluster.urls()).expect("a client");
    let raw = raw(client.get_async_connection().await.expect("a connection"));
    check(|| RedisNutStore::builder(&cluster.url()), raw).await;
}
