//! The stores with injected faults.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use tower_sqrl::faults::{
    Fault, Faults, FaultyIdentityStore, FaultyNutStore, Gate, Hook, Intercept, Verdict,
};
use tower_sqrl::identities::IdentityStore;
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
use tower_sqrl::nuts::{Digest, NutInfo, NutState, NutStore, Timestamp, WaitId};
use tower_sqrl::protocol::{Idk, Nut};
use tower_sqrl::{StoreError, StoreErrorKind};

const MINUTE: Duration = Duration::from_secs(60);
const NUT: Nut = Nut::from_bytes([1; 16]);

fn stores(faults: &Faults) -> (Arc<MemoryNutStore>, FaultyNutStore) {
    let memory = Arc::new(MemoryNutStore::new());
    let store = Arc::clone(&memory);
    (memory, FaultyNutStore::new(store, faults))
}

fn is_unavailable<T: fmt::Debug>(reply: Result<T, StoreError>) -> bool {
    reply.unwrap_err().kind() == StoreErrorKind::Unavailable
}

#[tokio::test]
async fn a_failed_call_is_not_made_and_a_lost_reply_is_of_one_that_was() {
    let faults = Faults::new();
    let (memory, store) = stores(&faults);
    let (pending, info) = (NutState::Pending, link());
    faults.nth(Hook::StoreNut(pending), 1, Fault::Fail);
    assert!(is_unavailable(store.store_nut(&NUT, &info, pending, MINUTE).await));
    assert_eq!(memory.get_nut(&NUT, pending).await.unwrap(), None);

    faults.nth(Hook::StoreNut(pending), 2, Fault::LoseReply);
    assert!(is_unavailable(store.store_nut(&NUT, &info, pending, MINUTE).await));
    assert_eq!(memory.get_nut(&NUT, pending).await.unwrap(), Some(info));

    faults.every(Hook::RemoveNut(pending), Fault::LoseReply);
    assert!(is_unavailable(store.remove_nut(&NUT, pending).await));
    assert_eq!(memory.get_nut(&NUT, pending).await.unwrap(), None);
    faults.heal();
    assert_eq!(store.remove_nut(&NUT, pending).await.unwrap(), None);
}

#[tokio::test]
async fn calls_are_chosen_and_counted() {
    let faults = Faults::new();
    let (_, store) = stores(&faults);
    let identities = FaultyIdentityStore::new(Arc::new(MemoryIdentityStore::new()), &faults);
    faults.every(Hook::StoreNut(NutState::Authorized), Fault::Fail);
    faults.nth(Hook::LookUp, 2, Fault::Fail);

    store.store_nut(&NUT, &link(), NutState::Pending, MINUTE).await.unwrap();
    let refused = store.store_nut(&NUT, &link(), NutState::Authorized, MINUTE).await;
    assert!(is_unavailable(refused));
    let key = Idk::from_bytes([1; 32]);
    identities.look_up(&key, None).await.unwrap();
    assert!(is_unavailable(identities.look_up(&key, None).await));
    identities.look_up(&key, None).await.unwrap();
    assert_eq!(faults.calls(Hook::StoreNut(NutState::Pending)), 1);
    assert_eq!(faults.calls(Hook::LookUp), 3);
    assert_eq!(faults.calls(Hook::Apply), 0);
    assert_eq!(faults.total(), 5);
    faults.count_anew();
    assert_eq!(faults.total(), 0);
}

#[tokio::test(start_paused = true)]
async fn delays_show_what_is_done_one_after_another() {
    let faults = Faults::new();
    let (_, store) = stores(&faults);
    faults.when(|_| true, Fault::Delay(Duration::from_secs(1)));
    let start = Instant::now();
    let (look, check) = tokio::join!(store.get_nut_idk(&NUT), store.check_nut_authorized(&NUT));
    assert_eq!((look.unwrap(), check.unwrap()), (None, false));
    store.remove_nut(&NUT, NutState::Pending).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test]
async fn a_call_is_held_until_it_is_let_go() {
    let faults = Faults::new();
    let (memory, store) = stores(&faults);
    let gate = Gate::new();
    faults.nth(Hook::StoreNut(NutState::Pending), 1, Fault::WaitAt(gate.clone()));
    let info = link();
    let stored = info.clone();
    let held =
        tokio::spawn(
            async move { store.store_nut(&NUT, &stored, NutState::Pending, MINUTE).await },
        );
    gate.reached().await;
    assert_eq!(memory.get_nut(&NUT, NutState::Pending).await.unwrap(), None);
    gate.open();
    held.await.unwrap().unwrap();
    assert_eq!(memory.get_nut(&NUT, NutState::Pending).await.unwrap(), Some(info));
}

/// Somebody who is always faster.
#[derive(Debug, Clone, Copy)]
struct Faster;

#[async_trait]
impl Intercept for Faster {
    async fn before(&self, _: Hook) -> Verdict {
        Verdict::Preempt
    }
}

#[tokio::test]
async fn who_is_too_late_finds_nothing_and_changes_nothing() {
    let memory = Arc::new(MemoryNutStore::new());
    let (pending, info) = (NutState::Pending, link());
    memory.store_nut(&NUT, &info, pending, MINUTE).await.unwrap();
    let store = FaultyNutStore::new(Arc::clone(&memory) as Arc<dyn NutStore>, &Faster);
    let other = Nut::from_bytes([2; 16]);
    let created = store.store_nut(&other, &info, pending, MINUTE).await;
    assert!(created.unwrap_err().is_conflict());
    assert_eq!(memory.get_nut(&other, pending).await.unwrap(), None);
    assert_eq!(store.get_nut(&NUT, pending).await.unwrap(), None);
    assert_eq!(store.remove_nut(&NUT, pending).await.unwrap(), None);
    assert_eq!(memory.get_nut(&NUT, pending).await.unwrap(), Some(info.clone()));
    assert!(store.watch(&info.wait).await.unwrap().is_silent());
}

/// A sign-in URL's record, unlike any other.
fn link() -> NutInfo {
    let (nut, wait) = (Nut::from_bytes(rand::random()), WaitId::from_bytes(rand::random()));
    let (ip, now) = ([127, 0, 0, 1].into(), Timestamp::from_millis(1_800_000_000_000));
    NutInfo::first(nut, wait, ip, now, Digest::of(rand::random::<[u8; 16]>()))
}
