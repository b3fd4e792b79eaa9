//! What people notice when something fails while they sign in, for docs/scaling.md.

use std::time::{Duration, Instant};

use cluster::Servers;
use test_servers::{Nginx, Postgres, Redis, RedisCluster, RedisSentinel};
use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::site::{SERVERS, Site, alone, start_servers};
use crate::stream::{Report, Stream, WhatRedisLoses};

/// Before and behind each failure.
const CALM: Duration = Duration::from_secs(2);

/// Runs logins, lets something happen among them, and says what they were like.
async fn meanwhile(
    nginx: &Nginx,
    identities: &str,
    redis: WhatRedisLoses,
    name: &str,
    happens: impl AsyncFnOnce(),
) -> Report {
    let stream = Stream::begin(nginx);
    sleep(CALM).await;
    stream.forget_pauses();
    let begin = Instant::now();
    happens().await;
    let away = begin.elapsed().as_secs_f64();
    sleep(CALM).await;
    let report = stream.end(nginx, identities, redis).await;
    println!("| {name} | {away:.1} s | {report} |");
    report
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: failures of one server after the other"]
async fn servers_that_fail_and_come_back() {
    let _alone = alone().await;
    let mut site = Site::start(&[]);
    let keeps = WhatRedisLoses::Nothing;

    let Site { servers, postgres, redis, .. } = &mut site;
    let Servers { demos, nginx, .. } = servers;
    let identities = postgres.url();
    meanwhile(
        nginx,
        &identities,
        keeps,
        "a demo server killed, and started 2 s later",
        async || {
            let demo = &mut demos[SERVERS / 2];
            block_in_place(|| demo.kill()).expect("a kill");
            sleep(Duration::from_secs(2)).await;
            block_in_place(|| demo.restart()).expect("a restart");
        },
    )
    .await;

    let loses = WhatRedisLoses::Everything;
    meanwhile(nginx, &identities, loses, "Redis restarted, without persistence", async || {
        block_in_place(|| redis.restart()).expect("a restart");
    })
    .await;

    meanwhile(nginx, &identities, keeps, "the connection to Redis cut for 5 s", async || {
        redis.pause().expect("a pause");
        sleep(Duration::from_secs(5)).await;
        redis.resume().expect("an end of it");
    })
    .await;

    meanwhile(nginx, &identities, keeps, "Postgres restarted", async || {
        block_in_place(|| postgres.restart()).expect("a restart");
    })
    .await;
}

/// Servers over a Redis of which something fails, once.
async fn redis_fails(url: &str, loses: WhatRedisLoses, name: &str, fail: impl FnOnce()) {
    let postgres = Postgres::start().expect("Postgres");
    let servers = start_servers(url, &postgres, &[]);
    meanwhile(&servers.nginx, &postgres.url(), loses, name, async || block_in_place(fail)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: a fail-over"]
async fn sentinel_fails_over() {
    let _alone = alone().await;
    let mut redis = RedisSentinel::start().expect("Redis");
    let loses = WhatRedisLoses::SomeOfLate;
    redis_fails(&redis.url(), loses, "the Sentinel's primary killed", || {
        redis.kill_primary().expect("a fail-over");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: a fail-over"]
async fn a_clusters_master_fails() {
    let _alone = alone().await;
    let mut redis = RedisCluster::start().expect("Redis");
    let loses = WhatRedisLoses::SomeOfLate;
    redis_fails(&redis.url(), loses, "a master of the Cluster killed", || {
        redis.kill_master_of("sqrl:nut:a").expect("a fail-over");
    })
    .await;
}

/// A single server that keeps what it was told loses nothing in a restart.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: failures of one server after the other"]
async fn redis_that_keeps_everything_restarts() {
    let _alone = alone().await;
    let options = test_servers::RedisOptions {
        appendonly: true,
        config: vec!["appendfsync always".to_owned()],
        ..Default::default()
    };
    let mut redis = Redis::start_with(&options).expect("Redis");
    let name = "Redis restarted, with `appendfsync always`";
    redis_fails(&redis.url(), WhatRedisLoses::Nothing, name, || {
        redis.restart().expect("a restart");
    })
    .await;
}
