use std::net::IpAddr;

use tower_sqrl_core::nuts::{CpsInfo, NutInfo};

use super::heap::Ranked;
use super::moment::Moment;
use super::slab::Id;

/// A record and its place in each order. It needs no allocation of its own.
pub(super) struct Slot<T> {
    pub(super) key: [u8; 16],
    pub(super) end: Moment,
    /// Its place in the heap.
    pub(super) place: u32,
    /// Its place in the list of its address block.
    pub(super) links: Links,
    pub(super) info: T,
}

impl<T> Ranked for Slot<T> {
    type Rank = Moment;

    fn rank(&self) -> Moment {
        self.end
    }

    fn place(&mut self) -> &mut u32 {
        &mut self.place
    }
}

/// A record's address block, and its neighbours in the block's list.
#[derive(Clone, Copy)]
pub(super) struct Links {
    pub(super) block: Option<Id>,
    pub(super) older: Option<Id>,
    pub(super) newer: Option<Id>,
}

impl Links {
    pub(super) const NONE: Self = Self { block: None, older: None, newer: None };
}

/// A record that counts against an address.
pub(super) trait Charged {
    /// Returns the address that requested the sign-in URL.
    fn ip(&self) -> IpAddr;
}

impl Charged for NutInfo {
    fn ip(&self) -> IpAddr {
        self.ip
    }
}

impl Charged for CpsInfo {
    fn ip(&self) -> IpAddr {
        self.ip
    }
}
