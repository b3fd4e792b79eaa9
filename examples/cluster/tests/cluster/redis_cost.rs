//! The commands and bytes that each step of a sign-in costs in Redis.

use std::sync::Arc;

use test_servers::Redis;
use tower_sqrl_client::Identity;
use tower_sqrl_client::wire::{Command, Options};

use crate::site::{Site, exclusive};
use crate::visit::{Visit, client};

/// Bytes of a command with its key and record, as sent to Redis.
const MAX_BYTES: usize = 400;

/// The number of each command.
#[derive(Debug, PartialEq)]
struct Calls {
    get: usize,
    getdel: usize,
    set: usize,
    publish: usize,
}

/// Returns the commands since the last call.
fn calls(redis: &Redis) -> Calls {
    let stats = redis.command(&["INFO", "commandstats"]).expect("statistics");
    redis.command(&["CONFIG", "RESETSTAT"]).expect("nothing");
    let count = |name: &str| {
        let calls = stats.split_once(&format!("cmdstat_{name}:calls="))?.1;
        calls.split_once(',')?.0.parse().ok()
    };
    let count = |name| count(name).unwrap_or(0);
    Calls {
        get: count("get"),
        getdel: count("getdel"),
        set: count("set"),
        publish: count("publish"),
    }
}

/// Returns the bytes that Redis has received so far.
fn received(redis: &Redis) -> usize {
    let stats = redis.command(&["INFO", "stats"]).expect("statistics");
    let (_, rest) = stats.split_once("total_net_input_bytes:").expect("a number");
    rest.lines().next().expect("its end").trim().parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_sends_only_the_commands_that_it_needs() {
    let _guard = exclusive().await;
    let site = Site::start(&[]);
    let redis = &site.redis;
    let identity = Arc::new(Identity::generate());
    let http = site.round_robin(0);
    // The first sign-ins create the account and the connections of each server.
    for server in site.per_server() {
        let visit = Visit::begin(&site.url, server.clone()).await;
        client(&identity, &server).sign_in(&visit.sqrl_url).await.expect("a sign-in");
        assert!(visit.get(&visit.signed_in(), &server).await.signs_in());
    }
    calls(redis);
    let step = |get, getdel, set, publish| Calls { get, getdel, set, publish };

    let visit = Visit::begin(&site.url, http.clone()).await;
    assert_eq!(calls(redis), step(0, 0, 1, 0), "a SQRL URL");
    let mut session = client(&identity, &http).session(&visit.sqrl_url);
    session.send(&Command::Query).await.expect("a reply");
    assert_eq!(calls(redis), step(1, 1, 1, 0), "query");
    visit.poll().await;
    assert_eq!(calls(redis), step(2, 0, 0, 0), "a poll: the outcome and the refusal");
    session.send(&Command::Ident).await.expect("a reply");
    assert_eq!(calls(redis), step(1, 1, 2, 1), "ident");
    assert!(visit.get(&visit.signed_in(), &http).await.signs_in());
    assert_eq!(calls(redis), step(1, 1, 1, 1), "a collection");

    let visit = Visit::begin(&site.url, http.clone()).await;
    let options = Options { cps: true, ..Options::default() };
    let mut session = client(&identity, &http).with_options(options).session(&visit.sqrl_url);
    session.query().await.expect("a reply");
    calls(redis);
    let url = session.send(&Command::Ident).await.expect("a reply").url.expect("a CPS URL");
    assert_eq!(calls(redis), step(1, 1, 3, 1), "ident with cps");
    visit.browser.open(&url).await.expect("a page");
    assert_eq!(calls(redis), step(2, 1, 0, 0), "a CPS landing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_small() {
    let _guard = exclusive().await;
    let site = Site::start(&[]);
    let redis = &site.redis;
    let http = site.round_robin(0);
    for server in site.per_server() {
        Visit::begin(&site.url, server).await;
    }
    redis.command(&["FLUSHALL"]).expect("nothing");
    let before = received(redis);
    let info = received(redis) - before; // what this question itself costs
    let visit = Visit::begin(&site.url, http.clone()).await;
    let first = received(redis) - before - 2 * info;
    let size = |key: &str| -> usize {
        let value = redis.command(&["STRLEN", key]).expect("a length");
        key.len() + value.parse::<usize>().expect("a number")
    };
    let keys = redis.command(&["KEYS", "*"]).expect("keys");
    let around = first.checked_sub(size(&keys)).expect("more than its key and value");
    assert!((40..120).contains(&around), "{around} bytes around the key and the record");
    let identity = Arc::new(Identity::generate());
    client(&identity, &http).sign_in(&visit.sqrl_url).await.expect("a sign-in");
    let keys = redis.command(&["KEYS", "*"]).expect("keys");
    assert_eq!(keys.lines().count(), 2, "the outcome and the chain's next nut");
    let all: Vec<_> = keys.lines().map(|key| (key.split(':').nth(1), size(key) + around)).collect();
    println!("as sent to Redis: the first nut {first}, {all:?} bytes");
    assert!(first <= MAX_BYTES && all.iter().all(|(_, bytes)| *bytes <= MAX_BYTES));
}
