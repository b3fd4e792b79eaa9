//! Nuts, sweeping and announcements.

mod common;

use std::time::Duration;

use common::{LONG, SERVER, database, info, nut, outcome, until, wait};
use test_servers::Pgbouncer;
use tokio::time::timeout;
use tower_sqrl_core::nuts::{NutState, NutStore};
use tower_sqrl_postgres::deadpool_postgres::{Manager, Pool};
use tower_sqrl_postgres::tokio_postgres::{Config, NoTls};
use tower_sqrl_postgres::{Database, PostgresNutStore};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_swept_and_nothing_else() {
    // By nobody but this test.
    let database = database("swept").sweep_every(Duration::from_secs(3600));
    let one = PostgresNutStore::open(&database).await.expect("a store");
    let other = PostgresNutStore::open(&database).await.expect("a store");
    assert_eq!(one.sweep().await.expect("a sweep"), 0);
    // More than one batch, of which some are alive.
    SERVER
        .query(
            "insert into swept.sqrl_nut (kind, key, expires_at, record)
             select 'pending', decode(lpad(to_hex(n), 32, '0'), 'hex'),
                 now() + case when n % 3 = 0 then interval '1 h' else interval '-1 ms' end, ''
             from generate_series(1, 3000) n",
        )
        .expect("records");
    let (first, second) = tokio::join!(one.sweep(), other.sweep());
    let swept = first.expect("a sweep") + second.expect("a sweep");
    assert_eq!(swept, 2000);
    let left = "select count(*), count(*) filter (where expires_at > now()) from swept.sqrl_nut";
    assert_eq!(SERVER.query(left).expect("a count"), "1000|1000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_sweeps_by_itself() {
    let database = database("unasked").sweep_every(Duration::from_millis(50));
    let store = PostgresNutStore::open(&database).await.expect("a store");
    let state = NutState::Pending;
    store.store_nut(&nut(1), &info(), state, Duration::ZERO).await.expect("free");
    store.store_nut(&nut(2), &info(), state, LONG).await.expect("free");
    let left = "select string_agg(key::text, ',') from unasked.sqrl_nut";
    let alive = format!("\\x{}", "02".repeat(16));
    until(async || (SERVER.query(left).expect("keys") == alive).then_some(())).await;
    // An error is not the end of it.
    SERVER.query("alter table unasked.sqrl_nut rename to gone").expect("no table");
    let error = "relation \"unasked.sqrl_nut\" does not exist";
    until(async || SERVER.log().contains(error).then_some(())).await;
    SERVER.query("alter table unasked.gone rename to sqrl_nut").expect("a table");
    store.store_nut(&nut(1), &info(), state, Duration::ZERO).await.expect("free");
    until(async || (SERVER.query(left).expect("keys") == alive).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn announcements_reach_other_servers_of_the_same_tables_only() {
    let here = PostgresNutStore::open(&database("heard")).await.expect("a store");
    let there = PostgresNutStore::open(&database("heard")).await.expect("a store");
    let elsewhere = PostgresNutStore::open(&database("unheard")).await.expect("a store");
    let mut heard = there.watch(&wait(1)).await.expect("a watch");
    let mut other_wait = there.watch(&wait(2)).await.expect("a watch");
    let mut unheard = elsewhere.watch(&wait(1)).await.expect("a watch");
    let state = NutState::Authorized;
    here.store_nut(wait(1).as_nut(), &outcome(), state, LONG).await.expect("free");
    timeout(SOON, heard.announced()).await.expect("announced");
    // A refused outcome is no news, and a pending nut is none.
    let mut refused = there.watch(&wait(1)).await.expect("a watch");
    let again = here.store_nut(wait(1).as_nut(), &outcome(), state, LONG).await;
    assert!(again.expect_err("there already").is_conflict());
    here.store_nut(wait(1).as_nut(), &info(), NutState::Pending, LONG).await.expect("free");
    // What comes next shows that nothing came before.
    let mut next = there.watch(&wait(3)).await.expect("a watch");
    here.store_nut(wait(3).as_nut(), &outcome(), state, LONG).await.expect("free");
    timeout(SOON, next.announced()).await.expect("announced");
    for silent in [&mut refused, &mut other_wait, &mut unheard] {
        timeout(Duration::ZERO, silent.announced()).await.expect_err("not announced");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_alone_does_not_listen_but_announces() {
    let listening = database("alone");
    let there = PostgresNutStore::open(&listening).await.expect("a store");
    let config: Config = SERVER.url().parse().expect("a URL");
    let pool = Pool::builder(Manager::new(config, NoTls)).build().expect("a pool");
    let alone = Database::new(pool).schema("alone");
    let here = PostgresNutStore::open(&alone).await.expect("a store");
    assert!(here.watch(&wait(1)).await.expect("a watch").is_silent());
    let mut heard = there.watch(&wait(1)).await.expect("a watch");
    let state = NutState::Authorized;
    here.store_nut(wait(1).as_nut(), &outcome(), state, LONG).await.expect("free");
    timeout(SOON, heard.announced()).await.expect("announced");
}

/// Announcements do not pass a pooler: the store says that it does not listen, so that pages
/// poll, and does not leave a connection to others that does. A direct connection listens.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_is_not_listened_through() {
    let pooler = Pgbouncer::start(&SERVER, &[], &["default_pool_size = 1"]).expect("PgBouncer");
    let pooled = Database::connect_no_tls(&pooler.url()).expect("a URL").schema("unlistened");
    let here = PostgresNutStore::open(&pooled).await.expect("a store");
    assert!(here.watch(&wait(1)).await.expect("a watch").is_silent());
    let listening = "select count(*) from pg_listening_channels()";
    assert_eq!(SERVER.query_through(&pooler.url(), listening).expect("a row"), "0");

    let direct: Config = SERVER.url().parse().expect("a URL");
    let there = PostgresNutStore::open(&pooled.listen_with(direct, NoTls)).await.expect("a store");
    let mut heard = there.watch(&wait(1)).await.expect("a watch");
    let state = NutState::Authorized;
    here.store_nut(wait(1).as_nut(), &outcome(), state, LONG).await.expect("free");
    timeout(SOON, heard.announced()).await.expect("announced");
}

/// Whether announcing works never decides whether an outcome is stored.
#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_announced_is_stored() {
    let server = test_servers::Postgres::start().expect("a server");
    let database = common::on(&server, "mute");
    PostgresNutStore::open(&database).await.expect("a store");
    server
        .query(
            "revoke execute on function pg_notify(text, text) from public; \
             create role mute login; grant usage on schema mute to mute; \
             grant select, insert, update, delete on all tables in schema mute to mute",
        )
        .expect("a role");
    let url = server.url().replace("postgres@", "mute@");
    let mute = Database::connect_no_tls(&url).expect("a URL").schema("mute");
    let store = PostgresNutStore::open(&mute).await.expect("a store");
    let (key, state) = (wait(1), NutState::Authorized);
    store.store_nut(key.as_nut(), &outcome(), state, LONG).await.expect("stored all the same");
    let again = store.store_nut(key.as_nut(), &outcome(), state, LONG).await;
    assert!(again.expect_err("there already").is_conflict());
    let taken = store.remove_nut(key.as_nut(), state).await.expect("a take");
    assert_eq!(taken, Some(outcome()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_dropped_lets_go_of_the_server() {
    let store = PostgresNutStore::open(&database("dropped")).await.expect("a store");
    store.store_nut(&nut(1), &info(), NutState::Pending, LONG).await.expect("free");
    let connections = "select count(*) from pg_stat_activity where application_name = 'dropped'";
    assert_ne!(SERVER.query(connections).expect("a count"), "0");
    drop(store);
    until(async || (SERVER.query(connections).expect("a count") == "0").then_some(())).await;
}
