//! Waiting for replicas.

mod common;

use std::time::Duration;

use common::{PATIENCE, TTL, nut, pending, works};
use test_servers::{Redis, RedisCluster, RedisSentinel};
use tokio::time::timeout;
use tower_sqrl_core::nuts::{NutState, NutStore};
use tower_sqrl_redis::{OpenError, RedisNutStore};

const WAIT: Duration = Duration::from_millis(500);

/// A master and its replica, of which this says which of the nodes it is.
fn pair() -> (RedisSentinel, usize) {
    let mut sentinel = RedisSentinel::start().expect("servers");
    let port = sentinel.primary_port().expect("a primary");
    let replica = sentinel.nodes().iter().position(|node| node.port() != port).expect("a replica");
    (sentinel, replica)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_has_what_a_call_has_done() {
    let (mut sentinel, replica) = pair();
    let store = RedisNutStore::builder(&sentinel.url()).wait_for_replicas(1, WAIT).connect().await;
    let store = store.expect("a store");
    for _ in 0..50 {
        let nut = nut();
        let key = format!("sqrl:nut:{nut}");
        let exists = |sentinel: &mut RedisSentinel| {
            sentinel.nodes()[replica].command(&["EXISTS", &key]).expect("an answer")
        };
        store.store_nut(&nut, &pending(), NutState::Pending, TTL).await.expect("stored");
        assert_eq!(exists(&mut sentinel), "1");
        store.remove_nut(&nut, NutState::Pending).await.expect("a take").expect("the record");
        assert_eq!(exists(&mut sentinel), "0");
    }
}

/// As many changes at once as there are connections that wait.
const CALLS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_does_not_answer_holds_up_no_other_call() {
    let (mut sentinel, replica) = pair();
    let builder = RedisNutStore::builder(&sentinel.url()).timeout(Duration::from_secs(3));
    let store = builder.wait_for_replicas(1, WAIT).connect().await.expect("a store");
    let port = sentinel.primary_port().expect("a primary");
    sentinel.nodes()[replica].pause().expect("paused");
    let primary = sentinel.nodes().iter().find(|node| node.port() == port).expect("the primary");
    let connections = |of: &str| {
        let clients = primary.command(&["CLIENT", "LIST"]).expect("a list");
        clients.lines().filter(|client| client.contains(of)).count()
    };
    let calls = (0..CALLS).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            store.store_nut(&nut(), &pending(), NutState::Pending, TTL).await.expect("stored");
        })
    });
    let calls: Vec<_> = calls.collect();
    let all_wait = async {
        while connections(" cmd=wait ") < CALLS {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, all_wait).await.expect("not all wait, each by itself");
    assert_eq!(store.get_nut(&nut(), NutState::Pending).await.expect("a look"), None);
    // One behind the other they would outlast what a reply is given, and fail.
    for call in calls {
        call.await.expect("no panic");
    }
    // The look has gone another way than they.
    assert_eq!((connections(" cmd=wait "), connections(" cmd=get ")), (CALLS, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_too() {
    let mut cluster = RedisCluster::start().expect("servers");
    let url = format!("redis-cluster://127.0.0.1:{}", cluster.ports()[0]);
    let store = RedisNutStore::builder(&url).wait_for_replicas(1, WAIT).connect().await;
    let store = store.expect("a store");
    for node in cluster.nodes() {
        node.command(&["CONFIG", "RESETSTAT"]).expect("reset");
    }
    for _ in 0..10 {
        works(&store).await.expect("it works");
    }
    let waits = cluster.nodes().iter().map(|node| {
        let stats = node.command(&["INFO", "commandstats"]).expect("info");
        let calls = stats.lines().find_map(|line| line.strip_prefix("cmdstat_wait:calls="));
        calls.map_or(0, |calls| calls.split(',').next().expect("a count").parse().expect("it"))
    });
    assert_eq!(waits.sum::<u32>(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_to_end_in_time_and_needs_connections_of_the_store_s_own() {
    let redis = Redis::start().expect("a server");
    let builder = || RedisNutStore::builder(&redis.url());
    let error = builder().wait_for_replicas(1, Duration::from_secs(1)).build().expect_err("late");
    assert!(matches!(error, OpenError::ReplicaTimeout), "{error}");
    let client = redis::Client::open(redis.url()).expect("a client");
    let lent = client.get_multiplexed_async_connection().await.expect("a connection");
    let error = builder().with_redis_1(lent).wait_for_replicas(1, WAIT).build();
    assert!(matches!(error, Err(OpenError::ReplicasNeedOwnConnections)));
    for timeout in [Duration::ZERO, Duration::from_secs(4)] {
        let error = builder().timeout(timeout).build().expect_err("no time");
        assert!(matches!(error, OpenError::Timeout), "{error}");
    }
}
