//! Encrypted connections, to servers that the system trusts and to no others.
#![cfg(feature = "tls")]

mod common;

use std::env;
use std::error::Error as _;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use common::{unique, works};
use test_servers::{Redis, RedisOptions};
use tower_sqrl_core::nuts::{NutStore, WaitId};
use tower_sqrl_redis::RedisNutStore;

/// Set in the process that trusts the server.
const URL: &str = "TOWER_SQRL_TEST_TLS_URL";

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_server_works_and_another_does_not() {
    if let Ok(url) = env::var(URL) {
        let store = RedisNutStore::connect(&url).await.expect("a store");
        works(&store).await.expect("it works");
        store.watch(&WaitId::from_bytes(unique())).await.expect("a watch");
        return;
    }
    let files = tempfile::tempdir().expect("a directory");
    let path = |name: &str| files.path().join(name).display().to_string();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(path("cert"), made.cert.pem()).expect("a file");
    std::fs::write(path("key"), made.signing_key.serialize_pem()).expect("a file");
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
    let port = port.expect("a port").port();
    let config = vec![
        format!("tls-port {port}"),
        format!("tls-cert-file {}", path("cert")),
        format!("tls-key-file {}", path("key")),
        "tls-auth-clients no".to_owned(),
    ];
    let options = RedisOptions { config, ..RedisOptions::default() };
    let _redis = Redis::start_with(&options).expect("a server");
    let url = format!("rediss://localhost:{port}");

    let error = RedisNutStore::connect(&url).await.expect_err("nobody vouches for it");
    let reason = error.source().expect("a reason").to_string();
    assert!(reason.contains("certificate"), "{reason}");
    // What the system trusts is read from the environment: another process's.
    let trusting = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", "a_trusted_server_works_and_another_does_not"])
        .env(URL, &url)
        .env("SSL_CERT_FILE", path("cert"))
        .output()
        .expect("it runs");
    assert!(trusting.status.success(), "{}", String::from_utf8_lossy(&trusting.stdout));
}
