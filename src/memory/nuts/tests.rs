#![allow(clippy::unwrap_used, reason = "what a test unwraps it has just made")]

mod limits;
mod model;
mod parts;

use std::net::IpAddr;
use std::time::Duration;

use super::MemoryNutStore;
use tower_sqrl_core::identities::Epoch;
use tower_sqrl_core::nuts::{
    CpsId, CpsInfo, Digest, NutInfo, NutState, NutStore, Outcome, Timestamp, WaitId,
};
use tower_sqrl_core::protocol::{Command, Idk, Nut};

const MINUTE: Duration = Duration::from_secs(60);

fn asked_from(ip: impl Into<IpAddr>) -> NutInfo {
    let mut info = link();
    info.ip = ip.into();
    info
}

fn collected() -> NutInfo {
    let link = link();
    link.ended(link.created, None, Outcome::Collected)
}

fn landing() -> CpsInfo {
    let (idk, epoch) = (Idk::from_bytes([1; 32]), Epoch::new(1));
    CpsInfo::new(idk, epoch, Command::Ident, [127, 0, 0, 1].into(), WaitId::from_bytes([2; 16]))
}

/// Stores a pending nut and gives it back.
async fn put(store: &MemoryNutStore, ip: impl Into<IpAddr>, ttl: Duration) -> Nut {
    let nut = nut();
    store.store_nut(&nut, &asked_from(ip), NutState::Pending, ttl).await.unwrap();
    nut
}

async fn holds(store: &MemoryNutStore, nut: &Nut) -> bool {
    store.get_nut(nut, NutState::Pending).await.unwrap().is_some()
}

/// As [`Debug`](std::fmt::Debug) counts.
fn counts(store: &MemoryNutStore) -> String {
    format!("{store:?}").replace("MemoryNutStore ", "")
}

fn nut() -> Nut {
    Nut::from_bytes(rand::random())
}

/// A sign-in URL's record, unlike any other.
fn link() -> NutInfo {
    let (wait, ip) = (WaitId::from_bytes(rand::random()), [127, 0, 0, rand::random()].into());
    let now = Timestamp::from_millis(1_800_000_000_000);
    NutInfo::first(nut(), wait, ip, now, Digest::of(rand::random::<[u8; 16]>()))
}
