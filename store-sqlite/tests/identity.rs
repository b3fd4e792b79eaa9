//! Identities in a real file, beside what the conformance suite asks.

mod common;

use std::time::Duration;

use common::{File, identity, idk};
use tokio::time::timeout;
use tower_sqrl_core::StoreErrorKind;
use tower_sqrl_core::identities::{Change, IdentityStore, KeyState, Lookup, Swap};
use tower_sqrl_sqlite::SqliteIdentityStore;

/// Creates the identity under `idk` and supersedes `pidk`, both unknown so far.
async fn create(store: &SqliteIdentityStore, key: u8, previous: u8, version: u64) -> Swap {
    let change = Change::create(idk(key), identity(version)).supersede(idk(previous));
    store.apply(&change).await.expect("a working store")
}

async fn look_up(store: &SqliteIdentityStore, key: u8, previous: u8) -> Lookup {
    store.look_up(&idk(key), Some(&idk(previous))).await.expect("a working store")
}

#[tokio::test]
async fn what_was_answered_is_in_the_file() {
    let file = File::new();
    let store = SqliteIdentityStore::open(file.path()).expect("a new file");
    assert_eq!(create(&store, 1, 2, u64::MAX).await, Swap::Done);
    drop(store);

    let store = SqliteIdentityStore::open(file.path()).expect("the same file");
    let found = look_up(&store, 1, 2).await;
    assert_eq!(found.idk, KeyState::Live(identity(u64::MAX)));
    assert_eq!(found.pidk, Some(KeyState::Superseded));
}

#[tokio::test]
async fn two_handles_see_each_other_and_one_swap_wins() {
    let file = File::new();
    let one = SqliteIdentityStore::open(file.path()).expect("a new file");
    let other = SqliteIdentityStore::open(file.path()).expect("the same file");
    let (first, second) = tokio::join!(create(&one, 1, 2, 7), create(&other, 1, 3, 8));
    assert!(matches!((first, second), (Swap::Done, Swap::Lost) | (Swap::Lost, Swap::Done)));
    let (winner, superseded, untouched) = if first == Swap::Done { (7, 2, 3) } else { (8, 3, 2) };
    for store in [&one, &other] {
        let found = look_up(store, 1, superseded).await;
        assert_eq!(found.idk, KeyState::Live(identity(winner)));
        assert_eq!(found.pidk, Some(KeyState::Superseded));
        assert_eq!(look_up(store, untouched, 1).await.idk, KeyState::Unknown);
    }
}

#[tokio::test]
async fn a_damaged_row_is_corrupt() {
    let file = File::new();
    let store = SqliteIdentityStore::open(file.path()).expect("a new file");
    assert_eq!(create(&store, 1, 2, 7).await, Swap::Done);
    let damage = "update sqrl_identity set vuk = x'00' where state = 'live'";
    let connection = file.connection();
    connection.execute(damage, []).expect_err("the table checks what it can");
    connection.pragma_update(None, "ignore_check_constraints", true).expect("a pragma");
    connection.execute(damage, []).expect("unchecked");
    let error = store.look_up(&idk(1), None).await.expect_err("half a key");
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn a_file_that_somebody_else_locks_is_unavailable_in_time() {
    let file = File::new();
    let store = SqliteIdentityStore::open(file.path()).expect("a new file");
    let connection = file.connection();
    connection.execute_batch("begin immediate").expect("a lock");
    let change = Change::create(idk(1), identity(1));
    let answer = timeout(Duration::from_secs(10), store.apply(&change)).await;
    let error = answer.expect("given up in time").expect_err("locked");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    connection.execute_batch("rollback").expect("no lock");
    assert_eq!(store.apply(&change).await.expect("unlocked"), Swap::Done);
}

/// The README and the guide say that this query is stable.
#[tokio::test]
async fn a_users_keys_are_asked_for_by_sql() {
    let file = File::new();
    let store = SqliteIdentityStore::open(file.path()).expect("a new file");
    for (key, previous) in [(1, 2), (3, 4)] {
        assert_eq!(create(&store, key, previous, 7).await, Swap::Done);
    }
    let connection = file.connection();
    let mut keys = connection
        .prepare("select idk from sqrl_identity where user_id = ? order by idk")
        .expect("the table as it is called");
    let mut keys_of = |user: &str| {
        let rows = keys.query_map([user], |row| row.get::<_, [u8; 32]>(0)).expect("rows");
        rows.collect::<Result<Vec<_>, _>>().expect("keys")
    };
    assert_eq!(keys_of("räksmörgås"), [*idk(1).as_bytes(), *idk(3).as_bytes()]);
    assert!(keys_of("somebody else").is_empty());
}

/// An application's table may refer to the identities: `SqliteIdentityStore` turns foreign keys on.
#[tokio::test]
async fn a_write_leaves_the_rows_that_refer_to_an_identity() {
    let file = File::new();
    let store = SqliteIdentityStore::open(file.path()).expect("a new file");
    assert_eq!(create(&store, 1, 2, 7).await, Swap::Done);
    let connection = file.connection();
    connection
        .execute_batch(
            "create table note (idk blob references sqrl_identity on delete cascade);
             create table device (idk blob references sqrl_identity on delete restrict);
             insert into note select idk from sqrl_identity;
             insert into device select idk from sqrl_identity where state = 'live';",
        )
        .expect("the application's tables");
    let change = Change::set(idk(1), &identity(7), identity(8));
    assert_eq!(store.apply(&change).await.expect("a working store"), Swap::Done);
    assert_eq!(look_up(&store, 1, 2).await.idk, KeyState::Live(identity(8)));
    let rows = "select (select count(*) from note) || ' ' || (select count(*) from device)";
    let rows: String = connection.query_row(rows, [], |row| row.get(0)).expect("two numbers");
    assert_eq!(rows, "2 1");
}
