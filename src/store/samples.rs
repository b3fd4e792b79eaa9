//! Records for the suites and the tests of stores.

use super::{Attached, Digest, NutInfo, Timestamp, WaitId};
use crate::protocol::Nut;

pub(crate) fn nut() -> Nut {
    Nut::from_bytes(rand::random())
}

/// A link's record, unlike any other.
pub(crate) fn link() -> NutInfo {
    NutInfo {
        created: Timestamp::from_millis(1_800_000_000_123),
        chain_start: Timestamp::from_millis(1_800_000_000_000),
        ip: [127, 0, 0, rand::random()].into(),
        first_nut: nut(),
        wait: WaitId::from_bytes(rand::random()),
        sent: Digest::of(rand::random::<[u8; 16]>()),
        idk: None,
        ask: None,
        asked: false,
        sin_sent: false,
        same_address_only: false,
        accepts_new: false,
        beside: None,
        attached: Attached::default(),
        outcome: None,
    }
}
