//! Calls of the memory store, empty and with a million pending nuts. Its futures are ready
//! immediately.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::OnceLock;
use std::time::Duration;

use divan::Bencher;
use futures_util::FutureExt as _;
use tower_sqrl::memory::MemoryNutStore;
use tower_sqrl::nuts::{Digest, NutInfo, NutState, NutStore, Timestamp, WaitId};
use tower_sqrl::protocol::Nut;

const TTL: Duration = Duration::from_secs(3600);
const MILLION: u32 = 1_000_000;

/// Returns a store that lives as long as the program, because filling one takes a second.
fn store(pending: u32) -> &'static MemoryNutStore {
    static EMPTY: OnceLock<MemoryNutStore> = OnceLock::new();
    static FULL: OnceLock<MemoryNutStore> = OnceLock::new();
    let make = || {
        let store = MemoryNutStore::with_capacity(2 * MILLION as usize);
        for n in 0..pending {
            put(&store, Nut::from_bytes(rand::random()), &info(n));
        }
        store
    };
    if pending == 0 { EMPTY.get_or_init(make) } else { FULL.get_or_init(make) }
}

fn put(store: &MemoryNutStore, nut: Nut, info: &NutInfo) {
    let stored = store.store_nut(&nut, info, NutState::Pending, TTL);
    stored.now_or_never().unwrap().unwrap();
}

fn info(n: u32) -> NutInfo {
    let (nut, wait) = (Nut::from_bytes(rand::random()), WaitId::from_bytes(rand::random()));
    let ip = IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 | n));
    NutInfo::first(nut, wait, ip, Timestamp::from_millis(1), Digest::from_bytes([7; 32]))
}

#[divan::bench(args = [0, MILLION])]
fn store_and_remove(bencher: Bencher<'_, '_>, pending: u32) {
    let (store, info) = (store(pending), info(pending));
    bencher.with_inputs(|| Nut::from_bytes(rand::random())).bench_values(|nut| {
        put(store, nut, &info);
        store.remove_nut(&nut, NutState::Pending).now_or_never().unwrap().unwrap().unwrap()
    });
}

#[divan::bench(args = [0, MILLION])]
fn get(bencher: Bencher<'_, '_>, pending: u32) {
    let store = store(pending);
    let nut = Nut::from_bytes(rand::random());
    put(store, nut, &info(pending));
    bencher
        .bench(|| store.get_nut(&nut, NutState::Pending).now_or_never().unwrap().unwrap().unwrap());
    store.remove_nut(&nut, NutState::Pending).now_or_never().unwrap().unwrap();
}

#[divan::bench(args = [0, MILLION])]
fn get_nothing(bencher: Bencher<'_, '_>, pending: u32) {
    let store = store(pending);
    let nut = Nut::from_bytes(rand::random());
    bencher.bench(|| store.get_nut(&nut, NutState::Pending).now_or_never().unwrap().unwrap());
}
