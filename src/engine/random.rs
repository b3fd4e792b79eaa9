//! Where all randomness comes from: the thread's generator, one seeded by the system.

use crate::identity::{Epoch, Version};
use crate::protocol::Nut;
use crate::store::CpsId;

use super::decide::Fresh;

pub(super) fn nut() -> Nut {
    Nut::from_bytes(rand::random())
}

pub(super) fn cps_id() -> CpsId {
    CpsId::from_bytes(rand::random())
}

pub(super) fn version() -> Version {
    Version::new(rand::random())
}

pub(super) fn fresh() -> Fresh {
    Fresh { epoch: Epoch::new(rand::random()), version: version() }
}
