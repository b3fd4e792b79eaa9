//! Sentinel: the store follows the master.

mod common;

use common::{every_hook_is_unavailable, until_it_works, without_subscription, works};
use test_servers::RedisSentinel;
use tower_sqrl_redis::RedisNutStore;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: waits for a fail-over"]
async fn a_fail_over_is_followed() {
    let mut sentinel = RedisSentinel::start().expect("servers");
    let store = RedisNutStore::connect(&sentinel.url()).await.expect("a store");
    works(&store).await.expect("it works");
    let old = sentinel.primary_port().expect("a primary");
    assert_ne!(sentinel.kill_primary().expect("a fail-over"), old);
    until_it_works(&store).await;
    // The dead one comes back as a replica, and the other way round.
    let dead = sentinel.nodes().iter_mut().find(|node| node.port() == old).expect("the dead one");
    dead.restart().expect("started again");
    works(&store).await.expect("it works");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: waits for a fail-over"]
async fn a_master_that_says_nothing_is_left() {
    let mut sentinel = RedisSentinel::start().expect("servers");
    let store = without_subscription(&sentinel.url()).await;
    let port = sentinel.primary_port().expect("a primary");
    let master = sentinel.nodes().iter_mut().find(|node| node.port() == port).expect("it");
    master.pause().expect("paused");
    every_hook_is_unavailable(&store).await;
    // A second until it is taken for dead, and the election.
    until_it_works(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_living_sentinel_suffices_and_the_name_has_to_be_right() {
    let sentinel = RedisSentinel::start().expect("servers");
    let port = sentinel.sentinel_ports()[0];
    let url = format!("redis-sentinel://127.0.0.1:1,127.0.0.1:{port},127.0.0.1:2/");
    let store = RedisNutStore::connect(&format!("{url}?service=main")).await.expect("a store");
    until_it_works(&store).await;
    let error = RedisNutStore::connect(&format!("{url}?service=other")).await.expect_err("a name");
    let source = std::error::Error::source(&error).expect("the reason").to_string();
    assert!(source.contains("no service of that name"), "{source}");
}
