//! Shared code of the tests.

mod chain;
mod layer;
pub(crate) mod secrets;
mod site;
mod tap;
mod visit;

pub(crate) use chain::{Chain, cps_id, read};
pub(crate) use layer::call_layer;
pub(crate) use site::{Setup, Site, TestClock};
pub(crate) use tap::{Hook, Tap, Verdict};
pub(crate) use visit::Visit;

use tower_sqrl_client::Identity;

/// The identity of the user in the tests.
pub(crate) fn alice() -> Identity {
    Identity::from_seed([1; 32])
}

pub(crate) fn mallory() -> Identity {
    Identity::from_seed([66; 32])
}

/// Alice after a rekey, with `alice()` as her previous identity.
pub(crate) fn new_alice() -> Identity {
    alice().rekey_to(tower_sqrl_client::keys::Iuk::from_bytes([2; 32])).expect("unlocked")
}

/// Sends the command, with which pending sign-ins of Alice must become void. The chain must have
/// her `suk`.
pub(crate) async fn change(site: &Site, chain: &mut Chain, what: &str) {
    match what {
        "disable" => assert_eq!(chain.disable().await, "d"),
        "enable" => {
            assert_eq!(chain.disable().await, "d");
            assert_eq!(chain.enable().await, "5");
        }
        "remove" => assert_eq!(chain.remove().await, "4"),
        "rekey" => rekey(&mut site.visit().await.chain(&new_alice())).await,
        other => panic!("no change: {other}"),
    }
}

/// Rekeys Alice to her new identity.
pub(crate) async fn rekey(chain: &mut Chain) {
    assert_eq!(chain.query_as_successor().await, "6");
    assert_eq!(chain.send(&chain.rekey("ident")).await, "5");
}
