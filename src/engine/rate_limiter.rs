use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::address_block::AddressBlock;
use tower_sqrl_core::nuts::Timestamp;

/// A limit on how often one address may do something in a minute.
///
/// The limiter counts by [`AddressBlock`] and has bounded memory. If too many blocks come in one minute,
/// it counts new ones together with their neighbours, in ever larger networks. So it gets coarser when
/// it is full, and never stops counting. It gets coarser first for the networks that fill it: no
/// network takes more places than it leaves free.
///
/// The counts are those of this process. They save work and memory, and protect no secret.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    per_minute: Option<u32>,
    minute: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    began: Option<Timestamp>,
    v4: Counts,
    v6: Counts,
}

/// The counts of one address family, by networks of each of [`LEVELS`].
#[derive(Debug, Default)]
struct Counts([Level; LEVELS]);

/// The counts by networks of one size.
#[derive(Debug, Default)]
struct Level {
    counts: HashMap<u64, u32>,
    /// Number of these counts within each larger network, by its level.
    within: [HashMap<u64, usize>; LEVELS],
}

const LEVELS: usize = 4;

/// Prefix lengths for each family and level. On the last level one network has all addresses. There are
/// only 65,536 networks of 16 bits, so the levels after them are rarely reached.
const V4_BITS: [u32; LEVELS] = [32, 16, 8, 0];
const V6_BITS: [u32; LEVELS] = [64, 48, 32, 0];

/// Maximum number of networks on one level. They take about 2 MB, and their larger networks at most as
/// much again for each level.
const MAX_NETWORKS: usize = 65_536;

impl RateLimiter {
    /// Creates a limiter, without a limit if `per_minute` is `None`. A limit of 0 would refuse every
    /// address.
    pub(crate) fn new(per_minute: Option<u32>) -> Self {
        Self { per_minute, minute: Mutex::default() }
    }

    /// Counts one more. Returns an error if the address has reached its limit in this minute.
    pub(crate) fn count(&self, address: IpAddr, now: Timestamp) -> Result<(), LimitReached> {
        let Some(limit) = self.per_minute else { return Ok(()) };
        self.with(address, now, |counts, network| {
            let count = counts.entry(network);
            if *count > limit {
                return Err(LimitReached { first: false });
            }
            *count += 1;
            if *count > limit { Err(LimitReached { first: true }) } else { Ok(()) }
        })
    }

    /// Returns whether the next one would exceed the limit.
    pub(crate) fn is_reached(&self, address: IpAddr, now: Timestamp) -> bool {
        self.per_minute
            .is_some_and(|limit| self.with(address, now, |counts, at| counts.get(at) >= limit))
    }

    fn with<T>(
        &self,
        address: IpAddr,
        now: Timestamp,
        act: impl FnOnce(&mut Counts, [u64; LEVELS]) -> T,
    ) -> T {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        // A request from before this minute that is counted late starts no new one.
        let over = minute
            .began
            .is_none_or(|began| now.since(began).max(began.since(now)) >= Duration::from_secs(60));
        if over {
            *minute = Minute { began: Some(now), ..Minute::default() };
        }
        match AddressBlock::of(address).network() {
            IpAddr::V4(v4) => act(&mut minute.v4, networks(v4.to_bits().into(), 32, V4_BITS)),
            IpAddr::V6(v6) => {
                let block = v6.octets().first_chunk().copied().map_or(0, u64::from_be_bytes);
                act(&mut minute.v6, networks(block, 64, V6_BITS))
            }
        }
    }
}

/// The networks of a block, by level.
fn networks(block: u64, width: u32, bits: [u32; LEVELS]) -> [u64; LEVELS] {
    // For a prefix of length 0 the shift may be too wide.
    bits.map(|bits| block.checked_shr(width - bits).unwrap_or(0))
}

impl Counts {
    /// Returns the count of an address: that of the smallest of its networks that is counted already,
    /// or for which there is room.
    fn entry(&mut self, networks: [u64; LEVELS]) -> &mut u32 {
        let at = self.level(networks);
        let Level { counts, within } = &mut self.0[at];
        if !counts.contains_key(&networks[at]) {
            for larger in larger(at) {
                *within[larger].entry(networks[larger]).or_default() += 1;
            }
        }
        counts.entry(networks[at]).or_default()
    }

    /// Returns the same count without adding a network.
    fn get(&self, networks: [u64; LEVELS]) -> u32 {
        let at = self.level(networks);
        self.0[at].counts.get(&networks[at]).copied().unwrap_or(0)
    }

    /// Returns the level on which an address is counted, or would be. It stays the same for the minute,
    /// because levels only fill up.
    fn level(&self, networks: [u64; LEVELS]) -> usize {
        (0..LEVELS).find(|&at| self.0[at].takes(at, networks)).unwrap_or(LEVELS - 1)
    }
}

/// Returns the levels whose networks contain those of this level. The last one is left out: its
/// network contains all.
fn larger(level: usize) -> Range<usize> {
    level + 1..LEVELS - 1
}

impl Level {
    /// Returns whether this level counts the network already or has room for it: a larger network takes
    /// no more places than it leaves free for others.
    fn takes(&self, level: usize, networks: [u64; LEVELS]) -> bool {
        let free = MAX_NETWORKS.saturating_sub(self.counts.len());
        let taken = |larger: usize| self.within[larger].get(&networks[larger]).copied();
        self.counts.contains_key(&networks[level])
            || (free > 0 && larger(level).all(|larger| taken(larger).unwrap_or(0) < free))
    }
}

/// The address has reached its limit in this minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LimitReached {
    /// Whether this is the first refusal in the minute. It is logged.
    pub(crate) first: bool,
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn the_limit_holds_until_the_minute_is_over() {
        let limiter = RateLimiter::new(Some(2));
        let (here, there) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        assert_eq!(limiter.count(here, at(0)), Ok(()));
        assert!(!limiter.is_reached(here, at(1)));
        assert_eq!(limiter.count(here, at(1)), Ok(()));
        assert!(limiter.is_reached(here, at(59)));
        assert!(!limiter.is_reached(there, at(59)));
        assert_eq!(limiter.count(here, at(59)), Err(LimitReached { first: true }));
        assert_eq!(limiter.count(here, at(59)), Err(LimitReached { first: false }));
        assert!(!limiter.is_reached(here, at(60)));
        assert_eq!(limiter.count(here, at(60)), Ok(()));
    }

    #[test]
    fn off_means_off() {
        let limiter = RateLimiter::new(None);
        let here = [192, 0, 2, 1].into();
        assert_eq!(limiter.count(here, at(0)), Ok(()));
        assert!(!limiter.is_reached(here, at(0)));
    }

    #[test]
    fn a_straggler_begins_no_minute() {
        let limiter = RateLimiter::new(Some(1));
        let here = [192, 0, 2, 1].into();
        assert_eq!(limiter.count(here, at(60)), Ok(()));
        assert!(limiter.is_reached(here, at(59)));
        assert!(limiter.is_reached(here, at(61)));
        // A clock that has been set back is another matter.
        assert!(!limiter.is_reached(here, at(0)));
    }

    /// How many of 5,000 requests of one address pass where 600 are allowed.
    fn passed(limiter: &RateLimiter, address: impl Into<IpAddr>) -> usize {
        let address = address.into();
        (0..5000).filter(|_| limiter.count(address, at(1)).is_ok()).count()
    }

    fn v6(network: u64) -> IpAddr {
        Ipv6Addr::from_bits(u128::from(network) << 64).into()
    }

    fn networks_counted(limiter: &RateLimiter) -> [usize; 2 * LEVELS] {
        let minute = limiter.minute.lock().expect("no panic");
        let mut lengths = minute.v4.0.iter().chain(&minute.v6.0).map(|level| level.counts.len());
        std::array::from_fn(|_| lengths.next().expect("all levels"))
    }

    #[test]
    fn a_full_limiter_counts_larger_networks_together() {
        let limiter = RateLimiter::new(Some(600));
        // One request from each of so many /32s that there is no room for any other /64.
        let before = v6(0x2001_0db8_0000_0007);
        assert_eq!(limiter.count(before, at(0)), Ok(()));
        for network in 0..0x1_0000 {
            assert_eq!(limiter.count(v6(0x3000_0000_0000_0000 + (network << 32)), at(0)), Ok(()));
        }
        assert_eq!(passed(&limiter, v6(0x2001_0db8_0002_0000)), 600);
        // Its neighbours in the /48 share its count; others do not, nor who came before.
        assert_eq!(passed(&limiter, v6(0x2001_0db8_0002_0001)), 0);
        assert_eq!(passed(&limiter, v6(0x2001_0db8_0003_0000)), 600);
        assert_eq!(passed(&limiter, before), 599);
        // IPv4 is counted apart.
        assert_eq!(passed(&limiter, [192, 0, 2, 1]), 600);
        assert_eq!(passed(&limiter, [192, 0, 2, 2]), 600);
    }

    #[test]
    fn a_network_that_fills_the_limiter_is_counted_together_alone() {
        type Flood = fn(u32) -> IpAddr;
        // All /64s of a /48, as many of a /32, each in another /48, and a /16 of IPv4.
        let floods: [(Flood, usize); 3] = [
            (|n| v6(0x2001_0bad_0000_0000 + u64::from(n)), 0),
            (|n| v6(0x2001_0bad_0000_0000 + (u64::from(n) << 16)), 599),
            (|n| Ipv4Addr::from_bits((203 << 24) + n).into(), 0),
        ];
        for (flood, left_to_last) in floods {
            let limiter = RateLimiter::new(Some(600));
            for n in 0..0x1_0000 {
                let _ = limiter.count(flood(n), at(0));
            }
            // Others have a count each, though they are neighbours.
            for other in 0..1000 {
                assert_eq!(limiter.count(v6(0x2001_0db8_0001_0000 + other), at(1)), Ok(()));
            }
            assert_eq!(passed(&limiter, v6(0x2001_0db8_0001_0000)), 599);
            assert_eq!(passed(&limiter, v6(0x2001_0db8_0001_0001)), 599);
            assert_eq!(passed(&limiter, [192, 0, 2, 1]), 600);
            assert_eq!(passed(&limiter, [192, 0, 2, 2]), 600);
            // The last of the flood are counted together.
            assert_eq!(passed(&limiter, flood(0xffff)), left_to_last);
        }
    }

    #[test]
    fn any_number_of_addresses_is_counted_in_bounded_memory() {
        let limiter = RateLimiter::new(Some(600));
        for n in 0..200_000_u32 {
            // Of other networks on every level.
            let _ = limiter.count(v6(u64::from(n) << 32), at(0));
            let _ = limiter.count(Ipv4Addr::from_bits(n.reverse_bits()).into(), at(0));
        }
        let max = MAX_NETWORKS;
        // Of a /8 of IPv4 there are 256 networks on the second level, and it leaves as many free.
        let v4 = max - 255;
        assert_eq!(networks_counted(&limiter), [v4, v4, 255, 0, max, max, max, 1]);
        // At last all share one count, and those of before have their own.
        assert_eq!(passed(&limiter, v6(u64::MAX)), 0);
        assert!(limiter.is_reached(v6(u64::MAX), at(1)));
        assert_eq!(passed(&limiter, v6(0)), 599);
        assert!(passed(&limiter, [255, 255, 255, 255]) <= 600);
        assert_eq!(limiter.count(v6(u64::MAX), at(60)), Ok(()), "the next minute");
    }
}
