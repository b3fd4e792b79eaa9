//! The engine's random numbers, from the thread's generator, which the system seeds.

use tower_sqrl_core::identities::{Epoch, Version};
use tower_sqrl_core::nuts::CpsId;
use tower_sqrl_core::protocol::Nut;

use super::decide::Fresh;

/// Returns a nut that is stored nowhere, for a reply that cannot be answered.
pub(super) fn dead_nut() -> Nut {
    Nut::from_bytes(bits())
}

pub(super) fn cps_id() -> CpsId {
    CpsId::from_bytes(bits())
}

/// Returns 128 bits at once. Byte by byte the generator takes five times as long.
pub(super) fn bits() -> [u8; 16] {
    rand::random::<u128>().to_ne_bytes()
}

pub(super) fn version() -> Version {
    Version::new(rand::random())
}

pub(super) fn fresh() -> Fresh {
    Fresh { epoch: Epoch::new(rand::random()), version: version() }
}
