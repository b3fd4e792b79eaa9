//! What users notice when a server or store fails while they sign in, for docs/scaling.md.

use std::time::{Duration, Instant};

use cluster::Servers;
use test_servers::{Nginx, Postgres, Redis, RedisCluster, RedisSentinel};
use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::load::{DataLoss, Load, Report};
use crate::site::{SERVERS, Site, exclusive, start_servers};

/// Normal operation before and after each failure.
const NORMAL_TIME: Duration = Duration::from_secs(2);

/// Runs sign-ins during a failure, and prints the report.
async fn report_failure(
    nginx: &Nginx,
    identities: &str,
    loss: DataLoss,
    name: &str,
    failure: impl AsyncFnOnce(),
) -> Report {
    let load = Load::start(nginx);
    sleep(NORMAL_TIME).await;
    load.reset_times();
    let start = Instant::now();
    failure().await;
    let seconds = start.elapsed().as_secs_f64();
    sleep(NORMAL_TIME).await;
    let report = load.finish(nginx, identities, loss).await;
    println!("| {name} | {seconds:.1} s | {report} |");
    report
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: several failures, one after the other"]
async fn servers_fail_and_restart() {
    let _guard = exclusive().await;
    let mut site = Site::start(&[]);
    let nothing = DataLoss::None;

    let Site { servers, postgres, redis, .. } = &mut site;
    let Servers { demos, nginx, .. } = servers;
    let identities = postgres.url();
    report_failure(
        nginx,
        &identities,
        nothing,
        "a demo server killed, and started 2 s later",
        async || {
            let demo = &mut demos[SERVERS / 2];
            block_in_place(|| demo.kill()).expect("a kill");
            sleep(Duration::from_secs(2)).await;
            block_in_place(|| demo.restart()).expect("a restart");
        },
    )
    .await;

    let all = DataLoss::All;
    report_failure(nginx, &identities, all, "Redis restarted, without persistence", async || {
        block_in_place(|| redis.restart()).expect("a restart");
    })
    .await;

    report_failure(
        nginx,
        &identities,
        nothing,
        "the connection to Redis cut for 5 s",
        async || {
            redis.pause().expect("a pause");
            sleep(Duration::from_secs(5)).await;
            redis.resume().expect("an end of it");
        },
    )
    .await;

    report_failure(nginx, &identities, nothing, "Postgres restarted", async || {
        block_in_place(|| postgres.restart()).expect("a restart");
    })
    .await;
}

/// Starts servers on this Redis, and reports its failure.
async fn redis_fails(url: &str, loss: DataLoss, name: &str, fail: impl FnOnce()) {
    let postgres = Postgres::start().expect("Postgres");
    let servers = start_servers(url, &postgres, &[]);
    report_failure(&servers.nginx, &postgres.url(), loss, name, async || block_in_place(fail))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: a fail-over"]
async fn sentinel_fails_over() {
    let _guard = exclusive().await;
    let mut redis = RedisSentinel::start().expect("Redis");
    redis_fails(&redis.url(), DataLoss::Recent, "the Sentinel's primary killed", || {
        redis.kill_primary().expect("a fail-over");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: a fail-over"]
async fn a_clusters_master_fails() {
    let _guard = exclusive().await;
    let mut redis = RedisCluster::start().expect("Redis");
    redis_fails(&redis.url(), DataLoss::Recent, "a master of the Cluster killed", || {
        redis.kill_master_of("sqrl:nut:a").expect("a fail-over");
    })
    .await;
}

/// A Redis that writes each command to disk loses nothing in a restart.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: several failures, one after the other"]
async fn a_durable_redis_restarts() {
    let _guard = exclusive().await;
    let options = test_servers::RedisOptions {
        appendonly: true,
        config: vec!["appendfsync always".to_owned()],
        ..Default::default()
    };
    let mut redis = Redis::start_with(&options).expect("Redis");
    let name = "Redis restarted, with `appendfsync always`";
    redis_fails(&redis.url(), DataLoss::None, name, || {
        redis.restart().expect("a restart");
    })
    .await;
}
