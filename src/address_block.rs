use std::net::{IpAddr, Ipv6Addr};

/// The addresses that one party is taken to hold: an IPv4 address, or an IPv6 /64.
///
/// Limits count by it, so that a network with 2⁶⁴ addresses has the share of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct AddressBlock(IpAddr);

impl AddressBlock {
    /// Returns the block of an address. An IPv4-mapped address counts as IPv4.
    pub(crate) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        })
    }

    /// The IPv4 address, or the first address of the IPv6 network.
    pub(crate) fn network(self) -> IpAddr {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_64_bits_counts_as_one() {
        let block = |address: &str| AddressBlock::of(address.parse().expect("an address"));
        assert_eq!(block("2001:db8::1"), block("2001:db8::ffff:1"));
        assert_ne!(block("2001:db8::1"), block("2001:db8:0:1::1"));
        assert_eq!(block("192.0.2.1"), block("::ffff:192.0.2.1"));
    }
}
