use std::sync::Arc;

use tower_sqrl::conformance::identities;
use tower_sqrl::conformance::identities::Suite;
use tower_sqrl::identities::IdentityStore;
use tower_sqrl::memory::MemoryIdentityStore;

use super::broken_identities::{Fault, Store};
use super::{each_is_caught, panic_of};

/// What the suite ends with for a store with this fault, played by two servers.
async fn caught(fault: Fault, rounds: u32) -> Option<String> {
    let store = Store::with(fault);
    let servers = [store.clone(), store].map(|store| Arc::new(store) as Arc<dyn IdentityStore>);
    let suite = Suite::new(servers).rounds(rounds);
    panic_of(async move { suite.run().await }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_a_fault_passes() {
    assert_eq!(caught(Fault::Nothing, 200).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory() {
    identities::run(|| async { MemoryIdentityStore::new() }).await;
}

/// Any of these clauses names the fault.
#[rustfmt::skip]
const FAULTS: [(Fault, &[&str]); 14] = [
    (Fault::CompareThenWrite, &["exactly one writer wins"]),
    (Fault::OneKeyAfterTheOther, &["both keys are written, or none"]),
    (Fault::NeverCompares, &["both keys are written, or none"]),
    (Fault::AnyVersion, &["a wrong expectation loses"]),
    (Fault::OldVersions, &["a row created again is another"]),
    (Fault::ListOfMarks, &["no superseded mark is lost"]),
    (Fault::ForgetsMarks, &["superseded keys stay superseded"]),
    (Fault::MarksAreAbsent, &["superseded keys stay superseded", "a wrong expectation loses"]),
    (Fault::TornLooks, &["a look-up sees one moment"]),
    (Fault::LocksInOrder, &["opposite orders do not deadlock"]),
    (Fault::BlindToPidk, &["identities come back whole"]),
    (Fault::ForgetsHardlock, &["identities come back whole"]),
    (Fault::RoundsNumbers, &["identities come back whole"]),
    (Fault::LostIsAnError, &["superseded keys stay superseded"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_caught_by_its_clause() {
    each_is_caught(FAULTS, |fault| caught(fault, 500)).await;
}
