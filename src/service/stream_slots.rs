use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::address_block::AddressBlock;

/// Limits the event streams that one address holds open.
///
/// It stores at most one address per open stream.
#[derive(Debug)]
pub(super) struct StreamSlots {
    most: usize,
    taken: Mutex<HashMap<AddressBlock, usize>>,
}

/// The slot of one stream, free again when dropped.
#[derive(Debug)]
pub(super) struct StreamSlot {
    slots: Arc<StreamSlots>,
    address: AddressBlock,
}

impl StreamSlots {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// Takes a slot for an address, or returns `None` if the address has the maximum.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<StreamSlot> {
        if self.most == 0 {
            return None;
        }
        let address = AddressBlock::of(address);
        let mut taken = self.taken();
        let count = taken.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(StreamSlot { slots: Arc::clone(self), address })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<AddressBlock, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn each_address_has_its_own_and_nothing_is_left_behind() {
        let slots = StreamSlots::new(2);
        let held = [slots.take(ip("2001:db8::1")), slots.take(ip("2001:db8::2"))];
        assert!(held.iter().all(Option::is_some));
        assert!(slots.take(ip("2001:db8::3")).is_none(), "a /64 is one");
        let other = slots.take(ip("2001:db8:0:1::1")).expect("another's");
        let [first, second] = held;
        drop(first);
        let third = slots.take(ip("2001:db8::3")).expect("free again");
        drop((second, third, other));
        assert!(slots.taken().is_empty());
    }

    #[test]
    fn none_is_none() {
        let slots = StreamSlots::new(0);
        assert!(slots.take(ip("192.0.2.1")).is_none());
        assert!(slots.taken().is_empty());
    }
}
