//! What the tests share.

mod chain;
mod layer;
pub(crate) mod secrets;
mod site;
mod tap;
mod visit;

pub(crate) use chain::{Chain, read};
pub(crate) use layer::ask;
pub(crate) use site::{Setup, Site, TestClock};
pub(crate) use tap::{Fate, Hook, Tap};
pub(crate) use tower_sqrl::identity::MemoryIdentityStore;
pub(crate) use tower_sqrl::store::MemoryNutStore;
pub(crate) use visit::Visit;

use tower_sqrl_client::Identity;

/// The identities of the tests' people.
pub(crate) fn alice() -> Identity {
    Identity::from_seed([1; 32])
}

pub(crate) fn mallory() -> Identity {
    Identity::from_seed([66; 32])
}

/// Alice after a rekey, with what she was before as her previous identity.
pub(crate) fn new_alice() -> Identity {
    alice().rekey_to(tower_sqrl_client::keys::Iuk::from_bytes([2; 32])).expect("unlocked")
}

/// Alice goes over to her new identity.
pub(crate) async fn rekey(chain: &mut Chain) {
    let form = chain.signed(&chain.succeeding("query")).signed("pids", &chain.previous());
    assert_eq!(chain.send(&form).await, "6");
    assert_eq!(chain.send(&chain.rekey("ident")).await, "5");
}
