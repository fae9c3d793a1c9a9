//! The addresses that stand for names: an IPv4 prefix, an IPv6 prefix, and the index both carry in their low bits.
//!
//! A fake address is nothing but an index into the table, so that either family finds the same name and a
//! connection can be recognised without a look at the table at all.

use std::error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The most indices a table holds, however wide the prefix: its file is mapped in every process of the tree,
/// and some of them live under a small RLIMIT_AS.
const MAX_CAPACITY: u32 = 1 << 20;

/// The prefix that is used when the configuration names none: RFC 2544 keeps it for benchmarks, so that no
/// target lives there.
const DEFAULT: (Ipv4Addr, u8) = (Ipv4Addr::new(198, 18, 0, 0), 15);

/// The fake addresses of a run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Range {
    base: u32,
    prefix: u8,
}

impl Range {
    /// The IPv6 prefix (/64) of fake addresses: a unique local one (RFC 4193), the same for every IPv4 prefix.
    pub const V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x736f, 0x636b, 0x7369, 0, 0, 0, 0);

    /// The range of an IPv4 prefix, from /8 to /30; bits of `base` below the prefix are ignored.
    pub fn new(base: Ipv4Addr, prefix: u8) -> Result<Range, RangeError> {
        match prefix {
            8..=30 => Ok(Range { base: base.to_bits() & !(u32::MAX >> prefix), prefix }),
            _ => Err(RangeError { prefix }),
        }
    }

    /// The network address of the IPv4 prefix.
    pub fn base(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.base)
    }

    /// The length of the IPv4 prefix in bits.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// How many indices there are, with the first and the last one, which never stand for a name: in IPv4 they
    /// are the network and the broadcast address.
    pub fn capacity(&self) -> u32 {
        (self.host_bits() + 1).min(MAX_CAPACITY)
    }

    /// True for every address of both prefixes, whether an index belongs to it or not: none of them may be
    /// connected to. An IPv4 address may come mapped into IPv6.
    pub fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(v4) => v4.to_bits() & !self.host_bits() == self.base,
            IpAddr::V6(v6) => v6.segments().starts_with(&Range::V6.segments()[..4]),
        }
    }

    /// The IPv4 address that carries an index.
    pub fn v4(&self, index: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.base | (index & self.host_bits()))
    }

    /// The IPv6 address that carries an index.
    pub fn v6(&self, index: u32) -> Ipv6Addr {
        Ipv6Addr::from_bits(Range::V6.to_bits() | u128::from(index))
    }

    /// The index an address carries, if it is one that may stand for a name. An IPv4 address may come mapped
    /// into IPv6.
    pub fn index(&self, address: IpAddr) -> Option<u32> {
        if !self.contains(address) {
            return None;
        }
        let index = match address.to_canonical() {
            IpAddr::V4(v4) => v4.to_bits() & self.host_bits(),
            IpAddr::V6(v6) => u32::try_from(v6.to_bits() ^ Range::V6.to_bits()).ok()?,
        };
        (1..self.capacity() - 1).contains(&index).then_some(index)
    }

    fn host_bits(&self) -> u32 {
        u32::MAX >> self.prefix
    }
}

impl Default for Range {
    fn default() -> Range {
        let (base, prefix) = DEFAULT;
        Range { base: base.to_bits(), prefix }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base(), self.prefix)
    }
}

/// The prefix length is not one from 8 to 30.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RangeError {
    prefix: u8,
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a range of fake addresses is a prefix from /8 to /30, not /{}", self.prefix)
    }
}

impl error::Error for RangeError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn both_families_carry_the_index() {
        let range = Range::default();
        for index in [1, 2, 255, 256, 65_536, range.capacity() - 2] {
            assert_eq!(range.index(IpAddr::V4(range.v4(index))), Some(index));
            assert_eq!(range.index(IpAddr::V6(range.v6(index))), Some(index));
            assert_eq!(range.index(IpAddr::V6(range.v4(index).to_ipv6_mapped())), Some(index));
        }
        assert_eq!(range.v4(1), Ipv4Addr::new(198, 18, 0, 1));
        assert_eq!(range.v4(65_536), Ipv4Addr::new(198, 19, 0, 0));
        assert_eq!(range.v6(1), ip("fd00:736f:636b:7369::1"));
    }

    #[test]
    fn first_and_last_address_carry_no_index_but_belong_to_the_range() {
        let range = Range::default();
        for text in ["198.18.0.0", "198.19.255.255", "fd00:736f:636b:7369::", "fd00:736f:636b:7369::1:ffff"] {
            assert!(range.contains(ip(text)), "{text}");
            assert_eq!(range.index(ip(text)), None, "{text}");
        }
    }

    #[test]
    fn neighbours_do_not_belong() {
        let range = Range::default();
        for text in ["198.17.255.255", "198.20.0.0", "fd00:736f:636b:736a::1", "::1", "::ffff:10.0.0.1"] {
            assert!(!range.contains(ip(text)), "{text}");
            assert_eq!(range.index(ip(text)), None, "{text}");
        }
    }

    #[test]
    fn every_address_of_the_v6_prefix_belongs() {
        let range = Range::default();
        assert!(range.contains(ip("fd00:736f:636b:7369:1::1")));
        assert_eq!(range.index(ip("fd00:736f:636b:7369:1::1")), None);
    }

    #[test]
    fn a_wide_prefix_has_more_addresses_than_indices() {
        let range = Range::new(Ipv4Addr::new(10, 1, 2, 3), 8).unwrap();
        assert_eq!(range.to_string(), "10.0.0.0/8");
        assert_eq!(range.capacity(), MAX_CAPACITY);
        assert!(range.contains(ip("10.255.0.1")));
        assert_eq!(range.index(ip("10.255.0.1")), None);
    }

    #[test]
    fn a_prefix_must_leave_room_for_names() {
        let base = Ipv4Addr::new(10, 0, 0, 0);
        assert_eq!(Range::new(base, 30).unwrap().capacity(), 4);
        for prefix in [0, 7, 31, 32, 33, 255] {
            assert_eq!(Range::new(base, prefix), Err(RangeError { prefix }));
        }
    }
}
