//! Compares the engine on SQLite with the model. All servers share one file.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::{Lifetimes, Stores, TestClock};
use rusqlite::Connection;
use tower_sqrl::identities::IdentityStore;
use tower_sqrl::nuts::NutStore;
use tower_sqrl_sqlite::{SqliteIdentityStore, SqliteNutStore};

/// Advances time by making the records in this file expire earlier.
#[derive(Debug)]
struct ShiftedExpiry(PathBuf);

#[async_trait]
impl TestClock for ShiftedExpiry {
    async fn advance(&self, time: Duration) {
        let connection = Connection::open(&self.0).expect("the file");
        connection.busy_timeout(Duration::from_secs(10)).expect("a timeout");
        let millis = i64::try_from(time.as_millis()).expect("a short time");
        connection
            .execute("update sqrl_nut set expires_at = expires_at - ?", [millis])
            .expect("the table");
    }

    fn drift(&self, elapsed: Duration, _: Duration) -> Duration {
        elapsed
    }
}

fn nuts(path: &Path) -> Arc<dyn NutStore> {
    Arc::new(SqliteNutStore::open(path).expect("a store"))
}

fn identities(path: &Path) -> Arc<dyn IdentityStore> {
    Arc::new(SqliteIdentityStore::open(path).expect("a store"))
}

#[test]
fn the_engine_equals_the_model() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("sqrl.sqlite");
    let stores = Stores {
        nuts: (0..3).map(|_| nuts(&path)).collect(),
        identities: (0..3).map(|_| identities(&path)).collect(),
        clock: Arc::new(ShiftedExpiry(path)),
        salt: 0,
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let salt = Cell::new(0);
    let summary = model::search(60, |history| {
        salt.set(salt.get() + 1);
        let stores = Stores { salt: salt.get(), ..stores.clone() };
        runtime.block_on(model::run_on(history, &stores, Lifetimes::DEFAULT))
    });
    println!("{summary:?}");
}
