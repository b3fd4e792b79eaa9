#![allow(clippy::unwrap_used, reason = "what a test unwraps it has just made")]

mod limits;
mod model;
mod parts;

use std::net::IpAddr;
use std::time::Duration;

use super::MemoryNutStore;
use crate::protocol::{Idk, Nut};
use crate::store::samples::{link, nut};
use crate::store::{Attached, CpsId, CpsInfo, NutInfo, NutState, NutStore, Outcome, WaitId};

const MINUTE: Duration = Duration::from_secs(60);

fn asked_from(ip: impl Into<IpAddr>) -> NutInfo {
    NutInfo { ip: ip.into(), ..link() }
}

fn collected() -> NutInfo {
    NutInfo { outcome: Some(Outcome::Collected), ..link() }
}

fn landing() -> CpsInfo {
    CpsInfo {
        idk: Idk::from_bytes([1; 32]),
        epoch: crate::identity::Epoch::new(1),
        command: crate::protocol::Command::Ident,
        ip: [127, 0, 0, 1].into(),
        wait: WaitId::from_bytes([2; 16]),
        attached: Attached::default(),
    }
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
