//! Servers that restart, connections that die, and statements that hang.

mod common;

use std::fmt::Debug;
use std::time::Duration;

use common::{LONG, identity, idk, info, nut, on, outcome, until, wait};
use test_servers::{Postgres, Proxy};
use tokio::time::timeout;
use tower_sqrl::identity::{Change, IdentityStore, KeyState, Swap};
use tower_sqrl::store::{NutState, NutStore, StoreError, StoreErrorKind};
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

    let (mut locker, connection) = tower_sqrl_postgres::tokio_postgres::connect(
        &server.url(),
        tower_sqrl_postgres::tokio_postgres::NoTls,
    )
    .await
    .expect("a connection");
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
    lock.rollback().await.expect("no lock");
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

    proxy.set_flowing(false);
    // The first of them have a connection, the others try to make one.
    for _ in 0..4 {
        is_unavailable(store.get_nut(&nut(1), state)).await;
        is_unavailable(identities.look_up(&idk(1), None)).await;
    }
    proxy.set_flowing(true);
    assert_eq!(store.get_nut(&nut(1), state).await.expect("it flows"), Some(info()));
    assert_eq!(store.remove_nut(&nut(1), state).await.expect("it flows"), Some(info()));
}
