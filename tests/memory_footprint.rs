//! What a million pending nuts cost in memory. Run on its own, since it measures
//! the process: `cargo test --release --test memory_footprint -- --ignored --nocapture`.
#![cfg(target_os = "linux")]

use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;

use tower_sqrl::memory::MemoryNutStore;
use tower_sqrl::nuts::{Digest, NutInfo, NutState, NutStore, Timestamp, WaitId};
use tower_sqrl::protocol::{Idk, Nut};

const NUTS: u32 = 1_000_000;
const TTL: Duration = Duration::from_secs(20 * 60);

fn info(ip: Ipv4Addr) -> NutInfo {
    let (nut, wait) = (Nut::from_bytes(rand::random()), WaitId::from_bytes(rand::random()));
    let (now, sent) = (Timestamp::from_millis(1), Digest::from_bytes(rand::random()));
    let mut info = NutInfo::first(nut, wait, ip.into(), now, sent);
    info.idk = Some(Idk::from_bytes(rand::random()));
    info
}

/// The resident memory of this process, in bytes.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("a process has a status");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("and a size");
    let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok());
    1024.0 * kib.expect("a number")
}

#[tokio::test]
#[ignore = "measures the process, so that it has to be alone"]
async fn a_million_pending_nuts() {
    let store = MemoryNutStore::with_capacity(2 * NUTS as usize);
    let before = resident();
    for number in 0..NUTS {
        // What costs most: each of another address.
        let (nut, ip) = (Nut::from_bytes(rand::random()), Ipv4Addr::from_bits(number));
        let stored = store.store_nut(&nut, &info(ip), NutState::Pending, TTL).await;
        stored.expect("room");
    }
    let bytes = (resident() - before) / f64::from(NUTS);
    println!("{bytes:.0} bytes each");
    assert!(bytes <= 300.0, "{bytes:.0} bytes each");
}
