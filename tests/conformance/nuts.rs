use std::sync::Arc;

use tower_sqrl::conformance::nuts;
use tower_sqrl::conformance::nuts::Suite;
use tower_sqrl::memory::MemoryNutStore;
use tower_sqrl::nuts::NutStore;

use super::broken_nuts::{Fault, Store};
use super::{each_is_caught, panic_of};

/// What the suite ends with for a store with this fault, played by two servers.
async fn caught(fault: Fault, rounds: u32) -> Option<String> {
    let store = Store::with(fault);
    let servers = [store.clone(), store.clone()].map(|store| Arc::new(store) as Arc<dyn NutStore>);
    let suite = Suite::new(servers).raw(store.raw()).rounds(rounds);
    panic_of(async move { suite.run().await }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_a_fault_passes() {
    assert_eq!(caught(Fault::Nothing, 500).await, None);
    nuts::run(|| async { Store::with(Fault::Nothing) }).await;
}

/// With one shard, and with several.
#[tokio::test(flavor = "multi_thread")]
async fn memory() {
    nuts::run(|| async { MemoryNutStore::with_capacity(1000) }).await;
    nuts::run(|| async { MemoryNutStore::new() }).await;
}

/// Any of these clauses names the fault.
#[rustfmt::skip]
const FAULTS: [(Fault, &[&str]); 20] = [
    (Fault::GetThenDelete, &["exactly one taker gets the record"]),
    (Fault::TakeLeaves, &["takes remove"]),
    (Fault::Overwrites, &["creates refuse to overwrite"]),
    (Fault::LookThenCreate, &["exactly one creator wins"]),
    (Fault::NeverExpires, &["a record past its TTL is absent", "a record lives for its TTL"]),
    (Fault::TakesWhatIsExpired, &["a record past its TTL is absent"]),
    (Fault::ExpiredStandsInTheWay, &["a record past its TTL is absent"]),
    (Fault::LooksProlong, &["a record lives for its TTL"]),
    (Fault::ExpiresEarly, &["a record lives for its TTL"]),
    (Fault::TimerStays, &["a TTL ends with its record"]),
    (Fault::WholeSeconds, &["any TTL will do"]),
    (Fault::LooksTake, &["looks change nothing", "records come back whole", "creates refuse"]),
    (Fault::OneNamespace, &["the namespaces are apart"]),
    (Fault::CpsAmongNuts, &["the namespaces are apart"]),
    (Fault::ForgetsAttached, &["records come back whole"]),
    (Fault::AnyOutcome, &["only an outcome that says signed in names somebody"]),
    (Fault::NeverWakes, &["an outcome wakes who watches it"]),
    (Fault::WakesOne, &["an outcome wakes who watches it"]),
    (Fault::PassesOverCritical, &["other releases' records are read, or corrupt"]),
    (Fault::RefusesOptional, &["other releases' records are read, or corrupt"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_caught_by_its_clause() {
    each_is_caught(FAULTS, |fault| caught(fault, 200)).await;
}
