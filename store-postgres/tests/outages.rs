//! Servers that restart, connections that die, and statements that hang.

mod common;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use common::{LONG, PATIENCE, identity, idk, info, nut, on, outcome, until, wait};
use test_servers::{Pgbouncer, Postgres, Proxy};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower_sqrl_core::identities::{Change, IdentityStore, KeyState, Swap};
use tower_sqrl_core::nuts::{NutState, NutStore};
use tower_sqrl_core::{StoreError, StoreErrorKind};
use tower_sqrl_postgres::deadpool_postgres::{Manager, Pool};
use tower_sqrl_postgres::tokio_postgres::{NoTls, connect};
use tower_sqrl_postgres::{Database, PostgresIdentityStore, PostgresNutStore};

const SOON: Duration = Duration::from_secs(10);

/// The call fails so by itself, well before the server would give up a statement (10 s).
async fn is_unavailable<T: Debug>(call: impl Future<Output = Result<T, StoreError>>) {
    let answer = timeout(SOON / 2, call).await.expect("given up in time");
    assert_eq!(answer.expect_err("out of reach").kind(), StoreErrorKind::Unavailable);
}

/// Ends every connection that is called so.
fn terminate(server: &Postgres, name: &str) {
    let end = format!(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity \
         where application_name = '{name}'"
    );
    assert_ne!(server.query(&end).expect("a count"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_loses_nothing_and_is_got_over() {
    let mut server = Postgres::start().expect("a server");
    let database = on(&server, "restarted");
    let nuts = PostgresNutStore::open(&database).await.expect("a store");
    let identities = PostgresIdentityStore::open(&database).await.expect("a store");
    let change = Change::create(idk(1), identity(7));
    assert_eq!(identities.apply(&change).await.expect("a swap"), Swap::Done);
    nuts.store_nut(&nut(1), &info(), NutState::Pending, LONG).await.expect("free");

    server.stop().expect("stopped");
    is_unavailable(nuts.get_nut(&nut(1), NutState::Pending)).await;
    is_unavailable(identities.apply(&change)).await;
    server.restart().expect("running");

    let found = identities.look_up(&idk(1), None).await.expect("back");
    assert_eq!(found.idk, KeyState::Live(identity(7)));
    let taken = nuts.remove_nut(&nut(1), NutState::Pending).await.expect("back");
    assert_eq!(taken, Some(info()));
}

/// Looks hide it; of several writes, one after the other, one fails at most.
#[tokio::test(flavor = "multi_thread")]
async fn killed_connections_are_replaced() {
    let server = Postgres::start().expect("a server");
    let store = PostgresNutStore::open(&on(&server, "killed")).await.expect("a store");
    store.store_nut(&nut(0), &info(), NutState::Pending, LONG).await.expect("free");
    for round in 1..=20 {
        terminate(&server, "killed");
        let found = store.get_nut(&nut(0), NutState::Pending).await.expect("hidden");
        assert_eq!(found, Some(info()));
        terminate(&server, "killed");
        let state = NutState::Pending;
        if let Err(error) = store.store_nut(&nut(round), &info(), state, LONG).await {
            assert_eq!(error.kind(), StoreErrorKind::Unavailable);
            store.remove_nut(&nut(0), state).await.expect("another connection");
            store.store_nut(&nut(0), &info(), state, LONG).await.expect("another connection");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn announcements_come_again() {
    let mut server = Postgres::start().expect("a server");
    let here = PostgresNutStore::open(&on(&server, "here")).await.expect("a store");
    // Its own name, its tables are the other's.
    let there = PostgresNutStore::open(&on(&server, "there").schema("here")).await;
    let there = there.expect("a store");
    let mut number = 0;
    for restart in [false, true, false] {
        let mut missed = there.watch(&wait(255)).await.expect("a watch");
        if restart {
            server.restart().expect("running");
        } else {
            terminate(&server, "there");
        }
        // What may have been missed is looked for once it listens again.
        timeout(SOON, missed.announced()).await.expect("woken");
        number += 1;
        let mut heard = there.watch(&wait(number)).await.expect("a watch");
        let key = wait(number);
        until(async || {
            let stored = here.store_nut(key.as_nut(), &outcome(), NutState::Authorized, LONG).await;
            stored.ok()
        })
        .await;
        timeout(SOON, heard.announced()).await.expect("announced");
    }
}

/// Who waits for a lock that somebody else holds gives up in time, and leaves nobody a
/// connection that hangs.
#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_is_given_up_in_time() {
    let server = Postgres::start().expect("a server");
    let limit = Duration::from_millis(300);
    let database = on(&server, "hanging").timeout(limit);
    let store = PostgresNutStore::open(&database).await.expect("a store");
    store.store_nut(&nut(1), &info(), NutState::Pending, LONG).await.expect("free");
    store.store_nut(&nut(2), &info(), NutState::Pending, LONG).await.expect("free");

    let (mut locker, connection) = connect(&server.url(), NoTls).await.expect("a connection");
    tokio::spawn(connection);
    let lock = locker.transaction().await.expect("a transaction");
    let key: &[u8] = &[1; 16];
    lock.execute("select from hanging.sqrl_nut where key = $1 for update", &[&key])
        .await
        .expect("a lock");
    for _ in 0..5 {
        is_unavailable(store.remove_nut(&nut(1), NutState::Pending)).await;
    }
    let taken = store.remove_nut(&nut(2), NutState::Pending).await.expect("not locked");
    assert_eq!(taken, Some(info()));
    // What was given up is not done later, when nobody expects it.
    let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
    until(async || (server.query(waiting).expect("a count") == "0").then_some(())).await;
    lock.rollback().await.expect("no lock");
    let kept = store.remove_nut(&nut(1), NutState::Pending).await.expect("not locked");
    assert_eq!(kept, Some(info()));
}

/// Makes this many connections of the store's pool, all of them idle afterwards: that many
/// writes wait for a lock at the same time.
async fn make_connections(
    server: &Postgres,
    store: &Arc<PostgresNutStore>,
    schema: &str,
    count: u8,
) {
    let (mut locker, connection) = connect(&server.url(), NoTls).await.expect("a connection");
    tokio::spawn(connection);
    let lock = locker.transaction().await.expect("a transaction");
    lock.batch_execute(&format!("lock table {schema}.sqrl_nut")).await.expect("a lock");
    let mut writes = JoinSet::new();
    for number in 0..count {
        let store = Arc::clone(store);
        writes.spawn(async move {
            store.store_nut(&nut(100 + number), &info(), NutState::Pending, LONG).await
        });
    }
    let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
    let all = count.to_string();
    until(async || (server.query(waiting).expect("a count") == all).then_some(())).await;
    lock.rollback().await.expect("no lock");
    for written in writes.join_all().await {
        written.expect("free");
    }
    for number in 100..100 + count {
        let taken = store.remove_nut(&nut(number), NutState::Pending).await;
        assert_eq!(taken.expect("a take"), Some(info()));
    }
}

/// A NAT or load balancer on the way forgets connections that have been idle, and nobody is
/// told: no look is lost, and of all writes one.
#[tokio::test(flavor = "multi_thread")]
async fn forgotten_connections_cost_one_write_at_most() {
    let server = Postgres::start().expect("a server");
    let proxy = Proxy::start(server.port()).expect("a proxy");
    let url = format!("postgres://postgres@{}/postgres", proxy.address());
    // Enough for a busy machine to connect in half of it.
    let limit = Duration::from_secs(3);
    let database = Database::connect_no_tls(&url).expect("a URL").schema("forgotten");
    let database = database.timeout(limit);
    let store = Arc::new(PostgresNutStore::open(&database).await.expect("a store"));
    let state = NutState::Pending;
    store.store_nut(&nut(0), &info(), state, LONG).await.expect("free");
    let forget = async || {
        make_connections(&server, &store, "forgotten", 4).await;
        assert!(proxy.blackhole_connections() >= 4);
    };

    forget().await;
    let mut looks = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        looks.spawn(async move { store.get_nut(&nut(0), state).await });
    }
    for found in looks.join_all().await {
        assert_eq!(found.expect("looked for again"), Some(info()));
    }
    for number in 1..=4 {
        store.store_nut(&nut(number), &info(), state, LONG).await.expect("a new connection");
    }

    forget().await;
    let lost = store.store_nut(&nut(5), &info(), state, LONG).await;
    assert_eq!(lost.expect_err("nobody knows").kind(), StoreErrorKind::Unavailable);
    for number in 6..=8 {
        store.store_nut(&nut(number), &info(), state, LONG).await.expect("a new connection");
    }

    // Nothing is lost where they have been idle for so long that they are not trusted.
    let wary = database.clone().max_idle(Duration::ZERO);
    let wary = PostgresNutStore::open(&wary).await.expect("a store");
    forget().await;
    wary.store_nut(&nut(9), &info(), state, LONG).await.expect("a new connection");
}

/// An address that leads to a standby for a while: nothing is read there that may be old, and
/// the first write after it leads back is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_never_asked_and_soon_forgotten() {
    let primary = Postgres::start().expect("a server");
    let proxy = Proxy::start(primary.port()).expect("a proxy");
    let url = format!("postgres://postgres@{}/postgres", proxy.address());
    let checked = Database::connect_no_tls(&url).expect("a URL").timeout(PATIENCE);
    // Does not ask whom it connects to.
    let pool = Pool::builder(Manager::new(url.parse().expect("a URL"), NoTls));
    let lent = Database::new(pool.build().expect("a pool")).timeout(PATIENCE);
    let mut version = 1;
    for database in [checked, lent] {
        let nuts = PostgresNutStore::open(&database).await.expect("a store");
        let identities = PostgresIdentityStore::open(&database).await.expect("a store");
        version += 1;
        let key = idk(u8::try_from(version).expect("a byte"));
        let change = Change::create(key, identity(version));
        assert_eq!(identities.apply(&change).await.expect("a primary"), Swap::Done);

        let standby = primary.standby().expect("a standby");
        proxy.redirect_to(standby.port());
        proxy.close_connections();
        let lost = async || identities.look_up(&key, None).await.err();
        let error = until(lost).await;
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
        let _ = nuts.get_nut(&nut(1), NutState::Pending).await;
        is_unavailable(nuts.store_nut(&nut(1), &info(), NutState::Pending, LONG)).await;
        // Connections to it that are idle, where there are any.
        let _ = nuts.get_nut(&nut(1), NutState::Pending).await;
        let current = identity(version);
        let next = Change::set(key, &current, identity(version + 100));
        proxy.redirect_to(primary.port());
        let swap = identities.apply(&next).await.expect("the first write");
        assert_eq!(swap, Swap::Done);
        let found = identities.look_up(&key, None).await.expect("a primary");
        assert_eq!(found.idk, KeyState::Live(identity(version + 100)));
    }
}

/// A pooler whose connections lead to a standby for a while: ours to the pooler stay.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_behind_a_pooler_is_not_read_from() {
    let primary = Postgres::start().expect("a server");
    let proxy = Proxy::start(primary.port()).expect("a proxy");
    let pooler = Pgbouncer::start_before(proxy.port(), &[], &["default_pool_size = 2"]);
    let pooler = pooler.expect("PgBouncer");
    let database = Database::connect_no_tls(&pooler.url()).expect("a URL").timeout(PATIENCE);
    let identities = PostgresIdentityStore::open(&database).await.expect("a store");
    let change = Change::create(idk(1), identity(7));
    assert_eq!(identities.apply(&change).await.expect("a primary"), Swap::Done);
    let standby = primary.standby().expect("a standby");
    let known = KeyState::Live(identity(7));
    assert_eq!(identities.look_up(&idk(1), None).await.expect("a primary").idk, known);

    proxy.redirect_to(standby.port());
    proxy.close_connections();
    for key in [idk(1), idk(2)] {
        is_unavailable(identities.look_up(&key, None)).await;
        is_unavailable(identities.look_up(&key, Some(&idk(3)))).await;
    }
    proxy.redirect_to(primary.port());
    proxy.close_connections();
    let back = async || identities.look_up(&idk(1), None).await.ok();
    assert_eq!(until(back).await.idk, known);
}

/// A pooler may pass on what the primary says of itself, and send look-ups to a standby. Here the
/// server begins to say that it is one, and the connection stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_asks_its_server_over_any_connection() {
    let server = Postgres::start().expect("a server");
    let standby = |is: bool| {
        let function = "function said.pg_is_in_recovery() returns boolean language sql";
        let sql = format!("create or replace {function} as 'select {is}'");
        server.query(&sql).expect("a function");
    };
    server.query("create schema said").expect("a schema");
    server
        .query("alter database postgres set search_path = said, pg_catalog")
        .expect("a path before the server's own functions");
    let direct = on(&server, "direct");
    let prepared = on(&server, "prepared").prepared_statements_on_direct_connections();
    for database in [direct, prepared] {
        standby(false);
        let store = PostgresIdentityStore::open(&database).await.expect("a store");
        let change = Change::create(idk(1), identity(7));
        assert_eq!(store.apply(&change).await.expect("a primary"), Swap::Done);
        let found = store.look_up(&idk(1), None).await.expect("a primary");
        assert_eq!(found.idk, KeyState::Live(identity(7)));
        standby(true);
        for key in [idk(1), idk(2)] {
            is_unavailable(store.look_up(&key, None)).await;
            is_unavailable(store.look_up(&key, Some(&idk(3)))).await;
        }
    }
}

/// A primary that accepts no writes for a while, as in a switch-over.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_write_after_a_read_only_spell_is_done() {
    let server = Postgres::start().expect("a server");
    let store = PostgresNutStore::open(&on(&server, "spell")).await.expect("a store");
    let state = NutState::Pending;
    let read_only = |value: &str| {
        server
            .query(&format!("alter system set default_transaction_read_only = {value}"))
            .expect("a setting");
        server.query("select pg_reload_conf()").expect("a signal");
    };
    read_only("on");
    // Every process of the server hears it at its own time.
    until(async || store.store_nut(&nut(1), &info(), state, LONG).await.err()).await;
    read_only("off");
    let shown = "show default_transaction_read_only";
    until(async || (server.query(shown).expect("a row") == "off").then_some(())).await;
    store.store_nut(&nut(2), &info(), state, LONG).await.expect("the first write");
}

/// A network that swallows everything: no call hangs, and it is got over.
#[tokio::test(flavor = "multi_thread")]
async fn silence_is_given_up_in_time() {
    let server = Postgres::start().expect("a server");
    let proxy = Proxy::start(server.port()).expect("a proxy");
    let limit = Duration::from_millis(500);
    let url = format!("postgres://postgres@{}/postgres", proxy.address());
    let database = Database::connect_no_tls(&url).expect("a URL").timeout(limit);
    let store = PostgresNutStore::open(&database).await.expect("a store");
    let identities = PostgresIdentityStore::open(&database).await.expect("a store");
    let state = NutState::Pending;
    store.store_nut(&nut(1), &info(), state, LONG).await.expect("free");

    proxy.pause();
    // The first of them have a connection, the others try to make one.
    for _ in 0..4 {
        is_unavailable(store.get_nut(&nut(1), state)).await;
        is_unavailable(identities.look_up(&idk(1), None)).await;
    }
    proxy.resume();
    assert_eq!(store.get_nut(&nut(1), state).await.expect("it flows"), Some(info()));
    assert_eq!(store.remove_nut(&nut(1), state).await.expect("it flows"), Some(info()));
}
