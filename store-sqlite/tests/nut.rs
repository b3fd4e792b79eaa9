//! Nuts in a real file.

mod common;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use common::File;
use tokio::time::timeout;
use tower_sqrl_core::nuts::{Digest, NutInfo, NutState, NutStore, Timestamp, WaitId};
use tower_sqrl_core::protocol::Nut;
use tower_sqrl_sqlite::SqliteNutStore;

const LONG: Duration = Duration::from_secs(10 * 60);

fn nut(number: u8) -> Nut {
    Nut::from_bytes([number; 16])
}

fn info() -> NutInfo {
    let (ip, now) = (IpAddr::V4(Ipv4Addr::LOCALHOST), Timestamp::from_millis(1));
    NutInfo::first(nut(1), WaitId::from_bytes([2; 16]), ip, now, Digest::from_bytes([3; 32]))
}

#[tokio::test]
async fn nuts_survive_a_restart_and_are_taken_once() {
    let file = File::new();
    let store = SqliteNutStore::open(file.path()).expect("a new file");
    store.store_nut(&nut(1), &info(), NutState::Pending, LONG).await.expect("free");
    drop(store);

    let one = SqliteNutStore::open(file.path()).expect("the same file");
    let other = SqliteNutStore::open(file.path()).expect("the same file");
    let conflict = one.store_nut(&nut(1), &info(), NutState::Pending, LONG).await;
    assert!(conflict.expect_err("alive").is_conflict());
    let nut = nut(1);
    let (first, second) = tokio::join!(
        one.remove_nut(&nut, NutState::Pending),
        other.remove_nut(&nut, NutState::Pending),
    );
    let taken = [first.expect("working"), second.expect("working")];
    assert_eq!(taken.iter().flatten().collect::<Vec<_>>(), [&info()]);
}

#[tokio::test]
async fn what_has_expired_is_swept_and_nothing_else() {
    let file = File::new();
    let store = SqliteNutStore::open(file.path()).expect("a new file");
    for number in 0..8 {
        let (state, ttl) = match number {
            0..4 => (NutState::Pending, Duration::ZERO),
            4..6 => (NutState::Authorized, Duration::ZERO),
            _ => (NutState::Pending, LONG),
        };
        store.store_nut(&nut(number), &info(), state, ttl).await.expect("free");
    }
    // Every eighth create sweeps.
    for number in 100..116 {
        store.store_nut(&nut(number), &info(), NutState::Pending, LONG).await.expect("free");
    }
    let rows = "select count(*), count(*) filter (where kind = 'pending') from sqrl_nut";
    let counts: (u32, u32) = file
        .connection()
        .query_row(rows, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("a count");
    assert_eq!(counts, (18, 18));
    for number in [6, 7, 100, 115] {
        let alive = store.get_nut(&nut(number), NutState::Pending).await.expect("working");
        assert_eq!(alive, Some(info()));
    }
}

#[tokio::test]
async fn a_store_that_is_dropped_closes_its_file() {
    let file = File::new();
    let store = SqliteNutStore::open(file.path()).expect("a new file");
    store.store_nut(&nut(1), &info(), NutState::Pending, LONG).await.expect("free");
    let log = file.path().with_file_name("sqrl.sqlite-wal");
    assert!(log.exists());
    drop(store);
    // The last connection to a file takes the log with it when it is closed.
    let closed = async {
        while log.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), closed).await.expect("the thread goes on");
}
