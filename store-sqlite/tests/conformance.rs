//! The suites of both contracts, on files and in memory, with one handle and several.

mod common;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use common::File;
use rusqlite::params;
use tower_sqrl_core::conformance::nuts::RawWrite;
use tower_sqrl_core::conformance::{identities, nuts};
use tower_sqrl_core::identities::IdentityStore;
use tower_sqrl_core::nuts::NutStore;
use tower_sqrl_sqlite::{SqliteIdentityStore, SqliteNutStore};

#[tokio::test(flavor = "multi_thread")]
async fn identities_in_memory() {
    identities::run(|| async { SqliteIdentityStore::in_memory().expect("memory") }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nuts_in_memory() {
    nuts::run(|| async { SqliteNutStore::in_memory().expect("memory") }).await;
}

/// As several processes have it open.
#[tokio::test(flavor = "multi_thread")]
async fn identities_in_a_file() {
    let file = File::new();
    let handles = [(); 3].map(|()| {
        let store = SqliteIdentityStore::open(file.path()).expect("a file");
        Arc::new(store) as Arc<dyn IdentityStore>
    });
    // Every write waits for the disk, where the file is on one.
    identities::Suite::new(handles).rounds(100).run().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nuts_in_a_file() {
    let file = File::new();
    let store = Arc::new(SqliteNutStore::open(file.path()).expect("a file"));
    nuts::Suite::new([store as Arc<dyn NutStore>]).raw(raw(file)).run().await;
}

/// As several processes have it open: all but the announcements, which stay within each.
#[tokio::test(flavor = "multi_thread")]
async fn nuts_in_a_shared_file() {
    let file = File::new();
    let handles = [(); 3].map(|()| {
        let store = SqliteNutStore::open(file.path()).expect("a file");
        Arc::new(store) as Arc<dyn NutStore>
    });
    let suite = nuts::Suite::new(handles).rounds(300);
    suite.records_come_back_whole().await;
    suite.creates_refuse_to_overwrite().await;
    suite.takes_remove().await;
    suite.looks_change_nothing().await;
    suite.namespaces_are_apart().await;
    suite.only_a_sign_in_names_somebody().await;
    suite.a_record_past_its_ttl_is_absent().await;
    suite.a_record_lives_for_its_ttl().await;
    suite.exactly_one_taker().await;
    suite.exactly_one_creator().await;
    suite.takes_and_creates_alternate().await;
}

/// Writes what another release would.
fn raw(file: File) -> RawWrite {
    let file = Arc::new(file);
    Box::new(move |kind, key, record, ttl| {
        let file = Arc::clone(&file);
        Box::pin(async move {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("not so long ago");
            let expires_at = i64::try_from((now + ttl).as_millis()).expect("not so far ahead");
            let insert = "insert into sqrl_nut (kind, key, expires_at, record) values (?, ?, ?, ?)";
            let connection = file.connection();
            connection
                .execute(insert, params![kind.as_str(), key, expires_at, record])
                .expect("a row");
        })
    })
}
