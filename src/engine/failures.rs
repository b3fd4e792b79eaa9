use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::store::{AddressBlock, Timestamp};

/// Counts refusals by address, so that repeated ones are slowed down.
///
/// Of this process alone: it spares work, it guards no secret.
#[derive(Debug)]
pub(crate) struct Failures {
    allowed_per_minute: Option<u32>,
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

impl Failures {
    /// None: never slow anybody down.
    pub(crate) fn new(allowed_per_minute: Option<u32>) -> Self {
        Self { allowed_per_minute, minute: Mutex::default() }
    }

    /// Whether the address has used up what it is allowed in this minute.
    pub(crate) fn are_too_many(&self, address: IpAddr, now: Timestamp) -> bool {
        self.allowed_per_minute.is_some_and(|allowed| {
            self.with(now, |count| {
                count.get(&AddressBlock::of(address)).is_some_and(|&failed| failed >= allowed)
            })
        })
    }

    /// Counts one refusal.
    pub(crate) fn count(&self, address: IpAddr, now: Timestamp) {
        if self.allowed_per_minute.is_none() {
            return;
        }
        self.with(now, |count| {
            let address = AddressBlock::of(address);
            if let Some(failed) = count.get_mut(&address) {
                *failed = failed.saturating_add(1);
            } else if count.len() < MAX_ADDRESSES {
                count.insert(address, 1);
            }
        });
    }

    fn with<T>(&self, now: Timestamp, act: impl FnOnce(&mut HashMap<AddressBlock, u32>) -> T) -> T {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let over = minute
            .began
            .is_none_or(|began| now < began || now.since(began) >= Duration::from_mins(1));
        if over {
            *minute = Minute { began: Some(now), count: HashMap::new() };
        }
        act(&mut minute.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_until_the_minute_is_over() {
        let failures = Failures::new(Some(2));
        let (here, there) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let at = |second: u64| Timestamp::from_millis(second * 1000);
        failures.count(here, at(0));
        assert!(!failures.are_too_many(here, at(1)));
        failures.count(here, at(1));
        assert!(failures.are_too_many(here, at(59)));
        assert!(!failures.are_too_many(there, at(59)));
        assert!(!failures.are_too_many(here, at(60)));
    }

    #[test]
    fn off_means_off() {
        let failures = Failures::new(None);
        let here = [192, 0, 2, 1].into();
        failures.count(here, Timestamp::from_millis(0));
        assert!(!failures.are_too_many(here, Timestamp::from_millis(0)));
    }
}
