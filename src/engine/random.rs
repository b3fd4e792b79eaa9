//! The engine's random numbers: from the thread's generator, which the system seeds.

use tower_sqrl_core::identities::{Epoch, Version};
use tower_sqrl_core::nuts::CpsId;
use tower_sqrl_core::protocol::Nut;

use super::decide::Fresh;

/// A nut that nobody has issued, for a reply that leads nowhere.
pub(super) fn dead_nut() -> Nut {
    Nut::from_bytes(bits())
}

pub(super) fn cps_id() -> CpsId {
    CpsId::from_bytes(bits())
}

/// 128 bits in one piece; byte by byte the generator takes five times as long.
pub(super) fn bits() -> [u8; 16] {
    rand::random::<u128>().to_ne_bytes()
}

pub(super) fn version() -> Version {
    Version::new(rand::random())
}

pub(super) fn fresh() -> Fresh {
    Fresh { epoch: Epoch::new(rand::random()), version: version() }
}
