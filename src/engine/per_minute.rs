use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::store::{AddressBlock, Timestamp};

/// Counts by address what one address may do only so often in a minute.
///
/// Of this process alone: it spares work and memory, it guards no secret.
#[derive(Debug)]
pub(crate) struct PerMinute {
    allowed: Option<u32>,
    minute: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    began: Option<Timestamp>,
    count: HashMap<AddressBlock, u32>,
}

/// Past so many addresses in one minute, new ones are not counted: memory is bounded, and
/// an attacker with that many addresses is not slowed down by counting them.
const MAX_ADDRESSES: usize = 65_536;

impl PerMinute {
    /// With `allowed` absent, as often as anybody likes. Not 0: it would use up every address
    /// before its first.
    pub(crate) fn new(allowed: Option<u32>) -> Self {
        Self { allowed, minute: Mutex::default() }
    }

    /// Counts one more, unless the address has used up what it is allowed in this minute.
    pub(crate) fn count(&self, address: IpAddr, now: Timestamp) -> Result<(), UsedUp> {
        let Some(allowed) = self.allowed else { return Ok(()) };
        self.with(now, |count| {
            let address = AddressBlock::of(address);
            match count.get_mut(&address) {
                Some(counted) if *counted > allowed => Err(UsedUp { first: false }),
                Some(counted) => {
                    *counted += 1;
                    if *counted > allowed { Err(UsedUp { first: true }) } else { Ok(()) }
                }
                None => {
                    if count.len() < MAX_ADDRESSES {
                        count.insert(address, 1);
                    }
                    Ok(())
                }
            }
        })
    }

    /// Whether the next one would be too many.
    pub(crate) fn is_used_up(&self, address: IpAddr, now: Timestamp) -> bool {
        self.allowed.is_some_and(|allowed| {
            self.with(now, |count| {
                let counted = count.get(&AddressBlock::of(address)).copied();
                counted.unwrap_or(0) >= allowed
            })
        })
    }

    fn with<T>(&self, now: Timestamp, act: impl FnOnce(&mut HashMap<AddressBlock, u32>) -> T) -> T {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        // A request that came before the minute did, and is counted late, begins none.
        let over = minute
            .began
            .is_none_or(|began| now.since(began).max(began.since(now)) >= Duration::from_mins(1));
        if over {
            *minute = Minute { began: Some(now), count: HashMap::new() };
        }
        act(&mut minute.count)
    }
}

/// More than the address is allowed in this minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UsedUp {
    /// Whether this is where it began, which is worth a word in the log.
    pub(crate) first: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn used_up_until_the_minute_is_over() {
        let counter = PerMinute::new(Some(2));
        let (here, there) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        assert_eq!(counter.count(here, at(0)), Ok(()));
        assert!(!counter.is_used_up(here, at(1)));
        assert_eq!(counter.count(here, at(1)), Ok(()));
        assert!(counter.is_used_up(here, at(59)));
        assert!(!counter.is_used_up(there, at(59)));
        assert_eq!(counter.count(here, at(59)), Err(UsedUp { first: true }));
        assert_eq!(counter.count(here, at(59)), Err(UsedUp { first: false }));
        assert!(!counter.is_used_up(here, at(60)));
        assert_eq!(counter.count(here, at(60)), Ok(()));
    }

    #[test]
    fn off_means_off() {
        let counter = PerMinute::new(None);
        let here = [192, 0, 2, 1].into();
        assert_eq!(counter.count(here, at(0)), Ok(()));
        assert!(!counter.is_used_up(here, at(0)));
    }

    #[test]
    fn a_straggler_begins_no_minute() {
        let counter = PerMinute::new(Some(1));
        let here = [192, 0, 2, 1].into();
        assert_eq!(counter.count(here, at(60)), Ok(()));
        assert!(counter.is_used_up(here, at(59)));
        assert!(counter.is_used_up(here, at(61)));
        // A clock that has been set back is another matter.
        assert!(!counter.is_used_up(here, at(0)));
    }

    #[test]
    fn so_many_addresses_are_remembered_and_no_more() {
        let counter = PerMinute::new(Some(1));
        for n in 0..100_000 {
            let address = IpAddr::V4(std::net::Ipv4Addr::from_bits(n));
            assert_eq!(counter.count(address, at(0)), Ok(()));
        }
        let remembered = counter.with(at(0), |count| count.len());
        assert_eq!(remembered, MAX_ADDRESSES);
    }
}
