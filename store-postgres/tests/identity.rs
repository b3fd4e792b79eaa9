//! Identities, and the one statement that changes them, beside what the conformance suite asks.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{LONG, database, identity, idk, info, nut};
use tokio::task::JoinSet;
use tower_sqrl_core::StoreErrorKind;
use tower_sqrl_core::identities::{Change, IdentityStore, KeyState, Lookup, Swap};
use tower_sqrl_core::nuts::{NutState, NutStore};
use tower_sqrl_postgres::deadpool_postgres::{Manager, Pool};
use tower_sqrl_postgres::tokio_postgres::{Config, NoTls};
use tower_sqrl_postgres::{Database, PostgresIdentityStore, PostgresNutStore};

async fn open(schema: &str) -> PostgresIdentityStore {
    PostgresIdentityStore::open(&database(schema)).await.expect("a store")
}

/// Creates the identity under `key` and supersedes `previous`, both unknown so far.
async fn create(store: &PostgresIdentityStore, key: u8, previous: u8, version: u64) -> Swap {
    let change = Change::create(idk(key), identity(version)).supersede(idk(previous));
    store.apply(&change).await.expect("a working store")
}

async fn look_up(store: &PostgresIdentityStore, key: u8, previous: u8) -> Lookup {
    store.look_up(&idk(key), Some(&idk(previous))).await.expect("a working store")
}

/// Who creates one key and supersedes the other, both ways at once, on several servers:
/// the two keys are written in either order, and new.
#[tokio::test(flavor = "multi_thread")]
async fn crosswise_changes_lose_but_never_fail() {
    let mut servers = Vec::new();
    for _ in 0..4 {
        servers.push(Arc::new(open("crosswise").await));
    }
    for one in 0..128 {
        let other = 255 - one;
        let mut tasks = JoinSet::new();
        for (turn, server) in (0..).zip(&servers) {
            let server = Arc::clone(server);
            let (key, previous) = if turn % 2 == 0 { (one, other) } else { (other, one) };
            tasks.spawn(async move { create(&server, key, previous, turn).await });
        }
        let swaps = tasks.join_all().await;
        assert_eq!(swaps.iter().filter(|&&swap| swap == Swap::Done).count(), 1, "{one}");
        let found = look_up(&servers[0], one, other).await;
        let states = (found.idk, found.pidk.expect("asked for"));
        assert!(
            matches!(
                states,
                (KeyState::Live(_), KeyState::Superseded)
                    | (KeyState::Superseded, KeyState::Live(_))
            ),
            "{one}: {states:?}"
        );
    }
    let log = common::SERVER.log();
    assert!(!log.contains("deadlock detected"), "{log}");
}

/// Versions are counted up by swaps of many servers: each success is one step.
#[tokio::test(flavor = "multi_thread")]
async fn no_swap_is_lost_unseen() {
    let store = Arc::new(open("counted").await);
    assert_eq!(create(&store, 1, 2, 0).await, Swap::Done);
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut done = 0;
            for _ in 0..50 {
                let found = look_up(&store, 1, 2).await;
                let KeyState::Live(current) = &found.idk else { panic!("{found:?}") };
                let next = identity(current.version.get() + 1);
                let change = Change::set(idk(1), current, next);
                let swap = store.apply(&change).await;
                done += u64::from(swap.expect("a working store") == Swap::Done);
            }
            done
        });
    }
    let done: u64 = tasks.join_all().await.into_iter().sum();
    let found = look_up(&store, 1, 2).await;
    assert_eq!(found.idk, KeyState::Live(identity(done)));
    assert_eq!(found.pidk, Some(KeyState::Superseded));
    assert!(done >= 50, "only {done} of 400 swaps were done");
}

/// Look-ups that are always under way share a connection, and it may be the only one.
#[tokio::test(flavor = "multi_thread")]
async fn endless_look_ups_leave_a_turn_for_a_write() {
    const LOOKS: u8 = 12;
    let config: Config = common::SERVER.url().parse().expect("a URL");
    let pool = Pool::builder(Manager::new(config, NoTls)).max_size(1).build().expect("a pool");
    let database = Database::new(pool).schema("turns").timeout(common::PATIENCE / 2);
    let identities = PostgresIdentityStore::open(&database).await.expect("a store");
    let identities = Arc::new(identities);
    let nuts = PostgresNutStore::open(&database).await.expect("a store");
    for number in 0..LOOKS {
        assert_eq!(create(&identities, number, 100 + number, 7).await, Swap::Done);
    }
    // Each look-up takes so long that others are always under way.
    let slow = "alter table turns.sqrl_identity rename to fast; \
        create view turns.sqrl_identity as select fast.* from turns.fast, \
        (select pg_sleep(0.03) offset 0) as slow";
    common::SERVER.query(slow).expect("the table as it is called");
    let done = Arc::new(AtomicUsize::new(0));
    let mut looks = JoinSet::new();
    for number in 0..LOOKS {
        let (identities, done) = (Arc::clone(&identities), Arc::clone(&done));
        looks.spawn(async move {
            loop {
                identities.look_up(&idk(number), None).await.expect("a working store");
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    common::until(async || (done.load(Ordering::Relaxed) > usize::from(2 * LOOKS)).then_some(()))
        .await;
    for number in 0..3 {
        nuts.store_nut(&nut(number), &info(), NutState::Pending, LONG).await.expect("a turn");
    }
    assert!(looks.try_join_next().is_none(), "a look-up failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_is_corrupt() {
    let store = open("damaged").await;
    assert_eq!(create(&store, 1, 2, 7).await, Swap::Done);
    let damage = "alter table damaged.sqrl_identity drop constraint sqrl_identity_vuk_check; \
        update damaged.sqrl_identity set vuk = '\\x00' where state = 'live'";
    common::SERVER.query(damage).expect("the table as it is called");
    let error = store.look_up(&idk(1), None).await.expect_err("half a key");
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
}

/// Somebody may have set a stricter isolation for all of the database.
#[tokio::test(flavor = "multi_thread")]
async fn stricter_isolation_makes_no_errors() {
    let server =
        test_servers::Postgres::start_with(&["default_transaction_isolation=serializable"])
            .expect("a server");
    let database = common::on(&server, "strict");
    let store = Arc::new(PostgresIdentityStore::open(&database).await.expect("a store"));
    for round in 0..50 {
        let mut tasks = JoinSet::new();
        for turn in 0..6 {
            let store = Arc::clone(&store);
            tasks.spawn(async move { create(&store, round, 255 - round, turn).await });
        }
        let swaps = tasks.join_all().await;
        assert_eq!(swaps.iter().filter(|&&swap| swap == Swap::Done).count(), 1);
    }
}

/// The README and the guide say that this query is stable.
#[tokio::test(flavor = "multi_thread")]
async fn a_users_keys_are_asked_for_by_sql() {
    let store = open("keys_of").await;
    for (key, previous) in [(1, 2), (3, 4)] {
        assert_eq!(create(&store, key, previous, 7).await, Swap::Done);
    }
    let keys_of = |user: &str| {
        let hex = "string_agg(encode(idk, 'hex'), ' ' order by idk)";
        let query = format!("select {hex} from keys_of.sqrl_identity where user_id = '{user}'");
        common::SERVER.query(&query).expect("the table as it is called").trim().to_owned()
    };
    let hex = |key| {
        let digits = idk(key).as_bytes().map(|byte| format!("{byte:02x}"));
        digits.concat()
    };
    assert_eq!(keys_of("räksmörgås"), format!("{} {}", hex(1), hex(3)));
    assert_eq!(keys_of("somebody else"), "");
}
