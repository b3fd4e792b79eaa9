//! One server: what is stored, and what happens while it is away.

mod common;

use std::time::Duration;

use common::{
    TTL, cps, every_hook_is_unavailable, nut, outcome, pending, until_it_works,
    without_subscription, works,
};
use test_servers::secrets::error_output;
use test_servers::{Proxy, Redis};
use tower_sqrl_core::StoreErrorKind;
use tower_sqrl_core::nuts::{NutState, NutStore};
use tower_sqrl_redis::RedisNutStore;

fn start() -> Redis {
    Redis::start().expect("a Redis server")
}

async fn connect(redis: &Redis) -> RedisNutStore {
    RedisNutStore::connect(&redis.url()).await.expect("a store")
}

#[tokio::test(flavor = "multi_thread")]
async fn records_come_back_once() {
    let redis = start();
    let store = connect(&redis).await;
    works(&store).await.expect("it works");
    let (nut, info) = (nut(), outcome());
    for state in [NutState::Pending, NutState::Authorized] {
        store.store_nut(&nut, &info, state, TTL).await.expect("created");
        let error = store.store_nut(&nut, &pending(), state, TTL).await.expect_err("taken");
        assert_eq!(error.kind(), StoreErrorKind::Conflict);
    }
    assert!(store.check_nut_authorized(&nut).await.expect("a look"));
    for state in [NutState::Pending, NutState::Authorized] {
        assert_eq!(store.remove_nut(&nut, state).await.expect("a take"), Some(info.clone()));
        assert_eq!(store.remove_nut(&nut, state).await.expect("a take"), None);
    }
    let (id, info) = cps();
    store.store_cps_session_id(&id, &info, TTL).await.expect("created");
    let error = store.store_cps_session_id(&id, &info, TTL).await.expect_err("taken");
    assert_eq!(error.kind(), StoreErrorKind::Conflict);
    let seen = store.get_user_id_by_cps_session_id(&id).await.expect("a look");
    assert_eq!(seen.as_ref(), Some(&info));
    assert_eq!(store.remove_cps_session_id(&id).await.expect("a take"), seen);
    assert_eq!(store.remove_cps_session_id(&id).await.expect("a take"), None);
    assert_eq!(redis.command(&["DBSIZE"]).expect("a size"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ttl_of_any_length_is_possible() {
    let redis = start();
    let store = connect(&redis).await;
    for ttl in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        store.store_nut(&nut(), &pending(), NutState::Pending, ttl).await.expect("created");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_every_hook_fails_in_time_and_then_works_again() {
    let mut redis = start();
    let store = without_subscription(&redis.url()).await;
    redis.stop().expect("stopped");
    every_hook_is_unavailable(&store).await;
    redis.restart().expect("started again");
    let (nut, info) = (nut(), pending());
    store.store_nut(&nut, &info, NutState::Pending, TTL).await.expect("the first call works");
    assert_eq!(store.remove_nut(&nut, NutState::Pending).await.expect("a take"), Some(info));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_two_calls_fails_neither() {
    let mut redis = start();
    let store = connect(&redis).await;
    for _ in 0..3 {
        redis.restart().expect("started again");
        let created = store.store_nut(&nut(), &pending(), NutState::Pending, TTL).await;
        created.expect("the first call works");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_server_that_says_nothing_every_hook_fails_in_time() {
    let mut redis = start();
    let store = without_subscription(&redis.url()).await;
    redis.pause().expect("paused");
    every_hook_is_unavailable(&store).await;
    every_hook_is_unavailable(&store).await;
    redis.resume().expect("resumed");
    until_it_works(&store).await;
}

/// A store behind a proxy, with one connection for its calls.
async fn behind_a_proxy(redis: &Redis) -> (Proxy, RedisNutStore) {
    let proxy = Proxy::start(redis.port()).expect("a proxy");
    let url = format!("redis://{}", proxy.address());
    let store = RedisNutStore::connect(&url).await.expect("a store");
    (proxy, store)
}

/// What a NAT does to a connection that has been silent for minutes.
#[tokio::test]
async fn a_connection_that_was_forgotten_while_idle_costs_no_call() {
    let redis = start();
    let (proxy, store) = behind_a_proxy(&redis).await;
    let nuts = [(); 4].map(|()| nut());
    let (info, state) = (pending(), NutState::Pending);
    for nut in &nuts {
        store.store_nut(nut, &info, state, TTL).await.expect("created");
    }
    assert!(proxy.blackhole_connections() > 0);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(6)).await;
    tokio::time::resume();
    let (one, other) =
        tokio::join!(store.remove_nut(&nuts[0], state), store.remove_nut(&nuts[1], state));
    assert_eq!(one.expect("a take").as_ref(), Some(&info));
    assert_eq!(other.expect("a take").as_ref(), Some(&info));
    store.store_nut(&nut(), &info, state, TTL).await.expect("created");
}

#[tokio::test]
async fn a_connection_that_is_forgotten_in_use_costs_one_call_and_no_look() {
    let redis = start();
    let (proxy, store) = behind_a_proxy(&redis).await;
    let (nut, info, state) = (nut(), pending(), NutState::Pending);
    store.store_nut(&nut, &info, state, TTL).await.expect("created");
    assert!(proxy.blackhole_connections() > 0);
    assert_eq!(store.get_nut(&nut, state).await.expect("a look").as_ref(), Some(&info));
    works(&store).await.expect("it works");

    assert!(proxy.blackhole_connections() > 0);
    let error = store.remove_nut(&nut, state).await.expect_err("a reply is lost");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(store.remove_nut(&nut, state).await.expect("a take").as_ref(), Some(&info));
}

/// Each change waits for replicas on one of several connections.
#[tokio::test]
async fn connections_that_are_forgotten_together_cost_one_call() {
    let redis = start();
    let proxy = Proxy::start(redis.port()).expect("a proxy");
    let store = RedisNutStore::builder(&format!("redis://{}", proxy.address()))
        .wait_for_replicas(1, Duration::from_millis(1))
        .connect()
        .await
        .expect("a store");
    let create = async || store.store_nut(&nut(), &pending(), NutState::Pending, TTL).await.is_ok();
    for _ in 0..8 {
        assert!(create().await);
    }
    assert!(proxy.blackhole_connections() >= 8);
    assert!(!create().await, "a reply is lost");
    for _ in 0..16 {
        assert!(create().await);
    }
    works(&store).await.expect("it works");
}

#[tokio::test]
async fn a_user_without_a_permission_is_refused_when_the_store_connects() {
    let redis = start();
    let all = "on >secret ~sqrl:* &sqrl:announce +set +get +getdel +publish +subscribe +ping";
    let url = format!("redis://app:secret@127.0.0.1:{}", redis.port());
    let connect = async |rules: &str| {
        let command = format!("ACL SETUSER app reset {rules}");
        redis.command(&command.split(' ').collect::<Vec<_>>()).expect("a user");
        RedisNutStore::connect(&url).await
    };
    let store = connect(all).await.expect("the documented permissions suffice");
    works(&store).await.expect("it works");
    assert_eq!(redis.command(&["DBSIZE"]).expect("a size"), "0");
    for (without, named) in [
        ("+set", "SET"),
        ("+get", "GET"),
        ("+getdel", "GETDEL"),
        ("+publish", "PUBLISH"),
        ("+subscribe", "SUBSCRIBE"),
        ("+ping", "PING"),
    ] {
        let rules: Vec<_> = all.split(' ').filter(|rule| *rule != without).collect();
        let error = connect(&rules.join(" ")).await.expect_err(without);
        let output = error_output(&error);
        assert!(output.contains(&format!("may not run {named};")), "{output}");
        assert!(output.contains(&format!("ACL SETUSER … {without}")), "{output}");
    }
    for (rule, narrower, named) in [
        ("~sqrl:*", "~sqrl:nut:* ~sqrl:cps:*", "+set ~sqrl:out:*"),
        ("~sqrl:*", "~sqrl:nut:* ~sqrl:out:*", "+set ~sqrl:cps:*"),
        ("~sqrl:*", "~other:*", "+set ~sqrl:nut:*"),
        ("&sqrl:announce", "&other:announce", "+publish &sqrl:announce"),
    ] {
        let error = connect(&all.replace(rule, narrower)).await.expect_err(narrower);
        let output = error_output(&error);
        assert!(output.contains(named), "{output}");
    }
}
