//! Announcements: who waits on one server hears of an outcome that another has stored.

mod common;

use std::time::Duration;

use common::{PATIENCE, TTL, outcome, unique};
use test_servers::{Proxy, Redis, RedisCluster, RedisSentinel};
use tokio::time::timeout;
use tower_sqrl_core::nuts::{NutState, NutStore, WaitId, Watch};
use tower_sqrl_redis::RedisNutStore;

async fn connect(url: &str) -> RedisNutStore {
    RedisNutStore::connect(url).await.expect("a store")
}

/// A store that has no subscription until it watches.
fn build(url: &str) -> RedisNutStore {
    RedisNutStore::builder(url).build().expect("a store")
}

async fn watch(store: &RedisNutStore) -> (WaitId, Watch) {
    let wait = WaitId::from_bytes(unique());
    (wait, store.watch(&wait).await.expect("a watch"))
}

async fn store_outcome(store: &RedisNutStore, wait: &WaitId) {
    let stored = store.store_nut(wait.as_nut(), &outcome(), NutState::Authorized, TTL).await;
    stored.expect("stored");
}

async fn heard(watch: &mut Watch) -> bool {
    timeout(PATIENCE, watch.announced()).await.is_ok()
}

/// Whether it has been heard already.
async fn has_heard(watch: &mut Watch) -> bool {
    timeout(Duration::ZERO, watch.announced()).await.is_ok()
}

async fn hears_its_own(store: &RedisNutStore) {
    let (wait, mut watch) = watch(store).await;
    store_outcome(store, &wait).await;
    assert!(heard(&mut watch).await);
}

/// One store watches, another stores; the outcome is there when the news comes. A watch of
/// Redis never looks by itself, so that nothing but the announcement wakes it.
async fn one_hears_of_the_other(url: &str) {
    let (waiting, storing) = (connect(url).await, connect(url).await);
    for _ in 0..21 {
        let (wait, mut watch) = watch(&waiting).await;
        store_outcome(&storing, &wait).await;
        assert!(heard(&mut watch).await, "the announcement is lost");
        assert!(waiting.check_nut_authorized(wait.as_nut()).await.expect("a look"));
    }
}

/// Watches until a subscription stands again that hears what is stored after it.
async fn hears_again(waiting: &RedisNutStore, storing: &RedisNutStore) {
    let hears = async {
        loop {
            let wait = WaitId::from_bytes(unique());
            let Ok(mut watch) = waiting.watch(&wait).await else { continue };
            let (key, state) = (wait.as_nut(), NutState::Authorized);
            let stored = storing.store_nut(key, &outcome(), state, TTL).await;
            let heard = timeout(Duration::from_millis(200), watch.announced()).await;
            if stored.is_ok() && heard.is_ok() {
                return;
            }
        }
    };
    timeout(PATIENCE, hears).await.expect("it does not hear again");
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_are_announced_on_one_server() {
    let redis = Redis::start().expect("a server");
    one_hears_of_the_other(&redis.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_are_announced_in_a_cluster() {
    let cluster = RedisCluster::start().expect("servers");
    one_hears_of_the_other(&cluster.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_hears_only_its_own() {
    let redis = Redis::start().expect("a server");
    let store = connect(&redis.url()).await;
    let other = RedisNutStore::builder(&redis.url()).prefix("other:").build().expect("a store");
    let (wait, mut first) = watch(&store).await;
    let mut second = store.watch(&wait).await.expect("a watch");
    let (_, mut not_this) = watch(&store).await;
    let mut not_there = other.watch(&wait).await.expect("a watch");
    drop(store.watch(&wait).await.expect("a watch"));
    // A nut announces nothing: what comes next shows that nothing came before.
    store.store_nut(wait.as_nut(), &outcome(), NutState::Pending, TTL).await.expect("stored");
    hears_its_own(&store).await;
    assert!(!has_heard(&mut first).await);
    store_outcome(&store, &wait).await;
    assert!(heard(&mut first).await && heard(&mut second).await);
    hears_its_own(&other).await;
    for watch in [&mut not_this, &mut not_there] {
        assert!(!has_heard(watch).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_subscription_comes_back_and_asks_everybody_to_look() {
    let redis = Redis::start().expect("a server");
    let (waiting, storing) = (connect(&redis.url()).await, build(&redis.url()));
    let (_, mut watching) = watch(&waiting).await;
    assert_eq!(redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).expect("a count"), "1");
    // Something may have been announced in between.
    assert!(heard(&mut watching).await);
    hears_again(&waiting, &storing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_is_subscribed_to_again() {
    let mut redis = Redis::start().expect("a server");
    let (waiting, storing) = (connect(&redis.url()).await, build(&redis.url()));
    drop(watch(&waiting).await);
    redis.restart().expect("started again");
    hears_again(&waiting, &storing).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: waits for a fail-over"]
async fn a_new_master_is_subscribed_to() {
    let mut sentinel = RedisSentinel::start().expect("servers");
    let url = sentinel.url();
    let (waiting, storing) = (connect(&url).await, build(&url));
    drop(watch(&waiting).await);
    sentinel.kill_primary().expect("a fail-over");
    hears_again(&waiting, &storing).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: waits for a fail-over"]
async fn another_node_is_subscribed_to_when_one_dies() {
    let mut cluster = RedisCluster::start().expect("servers");
    let url = cluster.url();
    let (waiting, storing) = (connect(&url).await, build(&url));
    drop(watch(&waiting).await);
    let subscribed = |node: &Redis| {
        let clients = node.command(&["CLIENT", "LIST", "TYPE", "pubsub"]).expect("a list");
        !clients.is_empty()
    };
    let node = cluster.nodes().iter_mut().find(|node| subscribed(node)).expect("a subscription");
    node.kill().expect("killed");
    hears_again(&waiting, &storing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_store_leaves_no_connection() {
    let redis = Redis::start().expect("a server");
    let store = connect(&redis.url()).await;
    let (_, watching) = watch(&store).await;
    let clients = || redis.command(&["CLIENT", "LIST"]).expect("a list").lines().count();
    // Its two, and the one that asks.
    assert_eq!(clients(), 3);
    drop((store, watching));
    let let_go = async {
        while clients() != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, let_go).await.expect("the store has not let go");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_announce_or_subscribe_still_stores() {
    let redis = Redis::start().expect("a server");
    let rules = ["ACL", "SETUSER", "app", "on", ">secret", "~sqrl:*", "+set", "+get", "+getdel"];
    redis.command(&rules).expect("a user");
    let url = format!("redis://app:secret@127.0.0.1:{}", redis.port());
    let store = build(&url);
    let wait = WaitId::from_bytes(unique());
    store_outcome(&store, &wait).await;
    assert!(store.check_nut_authorized(wait.as_nut()).await.expect("a look"));
    store.watch(&wait).await.expect_err("not allowed");
    // With the rest of what the documentation names, everything works.
    redis
        .command(&["ACL", "SETUSER", "app", "&sqrl:announce", "+publish", "+subscribe", "+ping"])
        .expect("a user");
    hears_again(&store, &store).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: a subscription is asked whether it works after ten seconds of silence"]
async fn a_forgotten_subscription_comes_back_and_asks_everybody_to_look() {
    let redis = Redis::start().expect("a server");
    let proxy = Proxy::start(redis.port()).expect("a proxy");
    let url = format!("redis://{}", proxy.address());
    let (waiting, storing) = (connect(&url).await, build(&redis.url()));
    let (wait, mut watching) = watch(&waiting).await;
    assert_eq!(proxy.blackhole_connections(), 2);
    store_outcome(&storing, &wait).await;
    assert!(heard(&mut watching).await);
    hears_again(&waiting, &storing).await;
}
