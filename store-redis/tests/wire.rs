//! What goes over the wire: how much, how often, and what is said when a reply is lost.

mod common;

use std::net::IpAddr;

use common::proxy::Proxy;
use common::{TTL, cps, nut, outcome, pending};
use test_servers::Redis;
use tower_sqrl_core::StoreErrorKind;
use tower_sqrl_core::nuts::{NutState, NutStore};
use tower_sqrl_core::protocol::Idk;
use tower_sqrl_redis::RedisNutStore;

async fn start() -> (Redis, Proxy, RedisNutStore) {
    let redis = Redis::start().expect("a server");
    let proxy = Proxy::start(redis.port()).await;
    let store = RedisNutStore::connect(&proxy.url()).await.expect("a store");
    proxy.sent();
    (redis, proxy, store)
}

fn count(bytes: &[u8], command: &str) -> usize {
    let word = format!("\r\n{command}\r\n").into_bytes();
    bytes.windows(word.len()).filter(|window| *window == word).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nut_takes_at_most_400_bytes() {
    let (_redis, proxy, store) = start().await;
    let ip: IpAddr = "2001:db8::1".parse().expect("an address");
    let mut with_identity = pending();
    with_identity.ip = ip;
    with_identity.idk = Some(Idk::from_bytes([9; 32]));
    let mut ended = outcome();
    ended.ip = ip;
    let records = [
        ("a link's nut", pending(), NutState::Pending),
        ("a nut", with_identity, NutState::Pending),
        ("an outcome", ended, NutState::Authorized),
    ];
    for (name, info, state) in records {
        store.store_nut(&nut(), &info, state, TTL).await.expect("stored");
        let sent = proxy.sent();
        assert!((150..=400).contains(&sent.len()), "{name}: {} bytes", sent.len());
        assert_eq!(count(&sent, "SET"), 1);
        assert_eq!(count(&sent, "PUBLISH"), usize::from(state == NutState::Authorized));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_whose_reply_is_lost_is_no_conflict() {
    let (redis, proxy, store) = start().await;
    for state in [NutState::Pending, NutState::Authorized] {
        let nut = nut();
        proxy.lose_reply_to("SET");
        let error = store.store_nut(&nut, &pending(), state, TTL).await.expect_err("lost");
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert_eq!(count(&proxy.sent(), "SET"), 1, "it was sent again");
        assert!(store.get_nut(&nut, state).await.expect("a look").is_some());
    }
    let (id, info) = cps();
    proxy.lose_reply_to("SET");
    let error = store.store_cps_session_id(&id, &info, TTL).await.expect_err("lost");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(redis.command(&["DBSIZE"]).expect("a size"), "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_whose_reply_is_lost_is_not_nobody_s() {
    let (_redis, proxy, store) = start().await;
    let nut = nut();
    store.store_nut(&nut, &pending(), NutState::Pending, TTL).await.expect("stored");
    proxy.sent();
    proxy.lose_reply_to("GETDEL");
    let error = store.remove_nut(&nut, NutState::Pending).await.expect_err("lost");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(count(&proxy.sent(), "GETDEL"), 1, "it was sent again");
    assert_eq!(store.remove_nut(&nut, NutState::Pending).await.expect("a take"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_whose_reply_is_lost_is_repeated() {
    let (_redis, proxy, store) = start().await;
    let (nut, info) = (nut(), pending());
    store.store_nut(&nut, &info, NutState::Pending, TTL).await.expect("stored");
    proxy.sent();
    proxy.lose_reply_to("GET");
    assert_eq!(store.get_nut(&nut, NutState::Pending).await.expect("a look"), Some(info));
    assert_eq!(count(&proxy.sent(), "GET"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_hook_is_one_command_over_one_connection() {
    let (redis, proxy, store) = start().await;
    redis.command(&["CONFIG", "RESETSTAT"]).expect("reset");
    let (nut, info) = (nut(), outcome());
    store.store_nut(&nut, &info, NutState::Authorized, TTL).await.expect("stored");
    assert!(store.check_nut_authorized(&nut).await.expect("a look"));
    assert!(store.get_nut_idk(&nut).await.expect("a look").is_some());
    store.remove_nut(&nut, NutState::Authorized).await.expect("a take");
    let sent = proxy.sent();
    let counts = ["SET", "PUBLISH", "GET", "GETDEL"].map(|command| count(&sent, command));
    assert_eq!(counts, [1, 1, 2, 1]);
    let stats = redis.command(&["INFO", "stats"]).expect("info");
    assert!(stats.contains("total_connections_received:1\r"), "{stats}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_record_is_corrupt() {
    let (redis, _proxy, store) = start().await;
    let nut = nut();
    let key = format!("sqrl:nut:{nut}");
    redis.command(&["SET", &key, "something else"]).expect("set");
    let error = store.get_nut(&nut, NutState::Pending).await.expect_err("no record");
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    let error = store.remove_nut(&nut, NutState::Pending).await.expect_err("no record");
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
}
