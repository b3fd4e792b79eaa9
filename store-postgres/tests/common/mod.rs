//! A server for each test program, and what several tests need.
#![allow(dead_code, unreachable_pub, reason = "every test uses its own part of it")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;
use std::time::Duration;

use test_servers::Postgres;
use tower_sqrl_core::identities::{Epoch, Identity, UserId, Version};
use tower_sqrl_core::nuts::{Digest, NutInfo, Outcome, Timestamp, WaitId};
use tower_sqrl_core::protocol::{Idk, Nut, Suk, Vuk};
use tower_sqrl_postgres::Database;

/// For tests that leave the server running. Each has a schema of its own.
pub static SERVER: LazyLock<Postgres> =
    LazyLock::new(|| Postgres::start().expect("a Postgres server"));

pub const LONG: Duration = Duration::from_secs(10 * 60);

/// For a machine that does many things at once, where no test is about it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A schema of the shared server.
pub fn database(schema: &str) -> Database {
    on(&SERVER, schema)
}

/// Its connections are called like the schema.
pub fn on(server: &Postgres, schema: &str) -> Database {
    let url = format!("{}?application_name={schema}", server.url());
    Database::connect_no_tls(&url).expect("a URL").schema(schema).timeout(PATIENCE)
}

pub fn idk(number: u8) -> Idk {
    Idk::from_bytes([number; 32])
}

/// A live row with every field set, and numbers that are negative as an `i64`.
pub fn identity(version: u64) -> Identity {
    let (suk, vuk) = (Suk::from_bytes([101; 32]), Vuk::from_bytes([102; 32]));
    let (epoch, version) = (Epoch::new(u64::MAX - version), Version::new(version));
    let mut identity = Identity::new(suk, vuk, epoch, version);
    identity.user = Some(UserId::from("räksmörgås"));
    identity.sqrlonly = true;
    identity.disabled = true;
    identity.never_current_keys = 16;
    identity
}

pub fn nut(number: u8) -> Nut {
    Nut::from_bytes([number; 16])
}

pub fn wait(number: u8) -> WaitId {
    WaitId::from_bytes([number; 16])
}

pub fn info() -> NutInfo {
    let (ip, now) = (IpAddr::V4(Ipv4Addr::LOCALHOST), Timestamp::from_millis(1));
    NutInfo::first(nut(1), wait(2), ip, now, Digest::from_bytes([3; 32]))
}

pub fn outcome() -> NutInfo {
    let info = info();
    info.ended(info.created, None, Outcome::SignedIn { epoch: Epoch::new(1) })
}

/// Asks until the answer is right, for half a minute.
pub async fn until<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    for _ in 0..600 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came true");
}
