//! One server: what is stored, and what happens while it is away.

mod common;

use std::time::Duration;

use common::{TTL, cps, every_hook_is_unavailable, nut, outcome, pending, until_it_works, works};
use test_servers::Redis;
use tower_sqrl::store::{NutState, NutStore, StoreErrorKind};
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
    let store = connect(&redis).await;
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
    let store = connect(&redis).await;
    redis.pause().expect("paused");
    every_hook_is_unavailable(&store).await;
    every_hook_is_unavailable(&store).await;
    redis.resume().expect("resumed");
    until_it_works(&store).await;
}
