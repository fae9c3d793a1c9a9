//! In which order a host's addresses are tried: RFC 3484, section 6, as getaddrinfo(3) sorts them. Left out are the
//! rules about deprecated and home addresses, which need what only the kernel's neighbours of libc know.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const FILE: &str = "/etc/gai.conf";

/// Where packets to an address would come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) ip: IpAddr,
    /// The length of its network's prefix, for IPv4.
    pub(crate) prefix: u32,
}

/// Sorts addresses, the best first; `source_of` says where packets to one would come from.
pub(crate) fn sort(addresses: &mut Vec<IpAddr>, source_of: impl Fn(IpAddr) -> Option<Source>) {
    if addresses.len() < 2 {
        return;
    }
    let policy = Policy::of(&std::fs::read_to_string(FILE).unwrap_or_default());
    let candidates = addresses.iter().map(|to| Candidate { to: *to, from: source_of(*to) }).collect();
    let candidates = merge_sorted(candidates, &policy);
    *addresses = candidates.into_iter().map(|candidate| candidate.to).collect();
}

/// As libc sorts. The rules are no order: within a family they count bits, between families they do not, so that the sort
/// of the standard library may panic, and every other one comes to another result.
fn merge_sorted(mut candidates: Vec<Candidate>, policy: &Policy) -> Vec<Candidate> {
    if candidates.len() < 2 {
        return candidates;
    }
    let second = candidates.split_off(candidates.len() / 2);
    let mut first = merge_sorted(candidates, policy).into_iter().peekable();
    let mut second = merge_sorted(second, policy).into_iter().peekable();
    let mut sorted = Vec::with_capacity(first.len() + second.len());
    while let (Some(one), Some(other)) = (first.peek(), second.peek()) {
        let next = if policy.compare(one, other).is_le() { &mut first } else { &mut second };
        sorted.extend(next.next());
    }
    sorted.extend(first.chain(second));
    sorted
}

struct Candidate {
    to: IpAddr,
    from: Option<Source>,
}

/// The tables of gai.conf(5): prefix, its length, value.
struct Policy {
    labels: Vec<(Ipv6Addr, u32, u32)>,
    precedences: Vec<(Ipv6Addr, u32, u32)>,
    scopes: Vec<(Ipv6Addr, u32, u32)>,
}

/// What RFC 3484, section 10.3, and RFC 4380 say, as prefix, its length, label and precedence.
const DEFAULTS: &[(Ipv6Addr, u32, Option<u32>, Option<u32>)] = &[
    (Ipv6Addr::LOCALHOST, 128, Some(0), Some(50)),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Some(2), Some(30)),
    (Ipv6Addr::UNSPECIFIED, 96, Some(3), Some(20)),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, Some(4), Some(10)),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Some(5), None),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Some(6), None),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, Some(7), None),
    (Ipv6Addr::UNSPECIFIED, 0, Some(1), Some(40)),
];

const LINK_LOCAL: u32 = 2;
const SITE_LOCAL: u32 = 5;
const GLOBAL: u32 = 14;

/// The scopes of IPv4 addresses; RFC 3484, section 3.2.
const SCOPES: &[(Ipv4Addr, u32, u32)] = &[
    (Ipv4Addr::new(169, 254, 0, 0), 16, LINK_LOCAL),
    (Ipv4Addr::new(127, 0, 0, 0), 8, LINK_LOCAL),
    (Ipv4Addr::UNSPECIFIED, 0, GLOBAL),
];

impl Policy {
    /// A table of which the file has a line is the file's alone.
    fn of(file: &str) -> Policy {
        let table = |keyword| file.lines().filter_map(|line| row(line, keyword)).collect::<Vec<_>>();
        let or_defaults = |table: Vec<_>, value: fn(Option<u32>, Option<u32>) -> Option<u32>| {
            let defaults = DEFAULTS.iter().filter_map(|(prefix, bits, label, precedence)| {
                Some((*prefix, *bits, value(*label, *precedence)?))
            });
            if table.is_empty() { defaults.collect() } else { table }
        };
        let mut scopes = table("scopev4");
        if scopes.is_empty() {
            scopes =
                SCOPES.iter().map(|(ip, bits, scope)| (ip.to_ipv6_mapped(), bits + 96, *scope)).collect();
        }
        Policy {
            labels: or_defaults(table("label"), |label, _| label),
            precedences: or_defaults(table("precedence"), |_, precedence| precedence),
            scopes,
        }
    }

    /// The rules in their order; equal candidates stay as they are.
    fn compare(&self, one: &Candidate, other: &Candidate) -> Ordering {
        prefer(one.from.is_some(), other.from.is_some())
            .then_with(|| prefer(self.has_matching_scope(one), self.has_matching_scope(other)))
            .then_with(|| prefer(self.has_matching_label(one), self.has_matching_label(other)))
            .then_with(|| self.precedence(other.to).cmp(&self.precedence(one.to)))
            .then_with(|| self.scope(one.to).cmp(&self.scope(other.to)))
            .then_with(|| longer_match(one, other))
    }

    fn has_matching_scope(&self, candidate: &Candidate) -> bool {
        candidate.from.is_some_and(|from| self.scope(candidate.to) == self.scope(from.ip))
    }

    fn has_matching_label(&self, candidate: &Candidate) -> bool {
        candidate.from.is_some_and(|from| {
            value(&self.labels, candidate.to, u32::MAX) == value(&self.labels, from.ip, u32::MAX)
        })
    }

    fn precedence(&self, ip: IpAddr) -> u32 {
        value(&self.precedences, ip, 0)
    }

    fn scope(&self, ip: IpAddr) -> u32 {
        match ip {
            IpAddr::V4(_) => value(&self.scopes, ip, GLOBAL),
            IpAddr::V6(ip) if ip.is_multicast() => u32::from(ip.segments()[0] & 0xf),
            IpAddr::V6(ip) if ip.is_loopback() || ip.is_unicast_link_local() => LINK_LOCAL,
            IpAddr::V6(ip) if ip.segments()[0] & 0xffc0 == 0xfec0 => SITE_LOCAL,
            IpAddr::V6(_) => GLOBAL,
        }
    }
}

fn prefer(one: bool, other: bool) -> Ordering {
    other.cmp(&one)
}

/// One line of the file: keyword, prefix, value.
fn row(line: &str, keyword: &str) -> Option<(Ipv6Addr, u32, u32)> {
    let mut words = line.split('#').next()?.split_whitespace();
    if words.next()? != keyword {
        return None;
    }
    let (prefix, value) = (words.next()?, words.next()?.parse().ok()?);
    let (ip, bits) = prefix.split_once('/').unwrap_or((prefix, "128"));
    let bits: u32 = bits.parse().ok()?;
    match ip.parse().ok()? {
        IpAddr::V4(ip) => Some((ip.to_ipv6_mapped(), bits + 96, value)),
        IpAddr::V6(ip) => Some((ip, bits, value)),
    }
}

/// The value of the longest prefix an address has.
fn value(table: &[(Ipv6Addr, u32, u32)], ip: IpAddr, default: u32) -> u32 {
    let ip = match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let matches =
        table.iter().filter(|(prefix, bits, _)| common_bits(prefix.to_bits(), ip.to_bits()) >= *bits);
    matches.max_by_key(|(_, bits, _)| *bits).map_or(default, |(_, _, value)| *value)
}

fn common_bits(one: u128, other: u128) -> u32 {
    (one ^ other).leading_zeros()
}

/// Rule 9: the destination that has more bits in common with its source, within one family.
fn longer_match(one: &Candidate, other: &Candidate) -> Ordering {
    let (Some(from), Some(others)) = (one.from, other.from) else { return Ordering::Equal };
    match (one.to, other.to, from.ip, others.ip) {
        (IpAddr::V4(to), IpAddr::V4(others_to), IpAddr::V4(from_ip), IpAddr::V4(others_ip)) => {
            let ours = common_in_network(to, from_ip, from.prefix);
            common_in_network(others_to, others_ip, others.prefix).cmp(&ours)
        }
        (IpAddr::V6(to), IpAddr::V6(others_to), IpAddr::V6(from), IpAddr::V6(others)) => {
            common_word(to, from, others_to, others)
        }
        _ => Ordering::Equal,
    }
}

/// Outside of one's own network, common bits of IPv4 addresses mean nothing.
fn common_in_network(to: Ipv4Addr, from: Ipv4Addr, prefix: u32) -> u32 {
    let common = (to.to_bits() ^ from.to_bits()).leading_zeros();
    if common >= prefix { common } else { 0 }
}

/// glibc compares within the first 32 bits in which one of the two pairs differs.
fn common_word(to: Ipv6Addr, from: Ipv6Addr, others_to: Ipv6Addr, others: Ipv6Addr) -> Ordering {
    let (ours, theirs) = (to.to_bits() ^ from.to_bits(), others_to.to_bits() ^ others.to_bits());
    let words = (0..4).rev().map(|word| ((ours >> (32 * word)) as u32, (theirs >> (32 * word)) as u32));
    let differing = words.into_iter().find(|pair| *pair != (0, 0));
    differing.map_or(Ordering::Equal, |(ours, theirs)| theirs.leading_zeros().cmp(&ours.leading_zeros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(addresses: &[&str], file: &str) -> Vec<String> {
        let source_of = |to: IpAddr| match to {
            IpAddr::V4(ip) if ip.is_loopback() => Some(Source { ip: to, prefix: 8 }),
            IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(Source { ip: to, prefix: 128 }),
            IpAddr::V4(ip) if ip.octets()[0] == 192 => None,
            IpAddr::V4(_) => Some(Source { ip: "10.99.1.2".parse().unwrap(), prefix: 24 }),
            IpAddr::V6(_) => Some(Source { ip: "2001:db8:1::2".parse().unwrap(), prefix: 0 }),
        };
        let candidates = addresses.iter().map(|text| text.parse().unwrap());
        let mut candidates: Vec<_> = candidates.map(|to| Candidate { to, from: source_of(to) }).collect();
        let policy = Policy::of(file);
        candidates.sort_by(|one, other| policy.compare(one, other));
        candidates.iter().map(|candidate| candidate.to.to_string()).collect()
    }

    #[test]
    fn ipv6_comes_first() {
        assert_eq!(sorted(&["127.0.0.1", "::1"], ""), ["::1", "127.0.0.1"]);
        assert_eq!(sorted(&["10.1.2.3", "2001:db8::3"], ""), ["2001:db8::3", "10.1.2.3"]);
    }

    #[test]
    fn what_cannot_be_reached_comes_last() {
        assert_eq!(sorted(&["192.0.2.1", "10.1.2.3"], ""), ["10.1.2.3", "192.0.2.1"]);
    }

    #[test]
    fn other_labels_and_scopes_come_later() {
        let order = ["2001:db8::3", "10.0.0.9", "2002:a00::1", "fe80::1"];
        assert_eq!(sorted(&["fe80::1", "10.0.0.9", "2002:a00::1", "2001:db8::3"], ""), order);
    }

    #[test]
    fn bits_count_within_the_network_alone() {
        assert_eq!(sorted(&["10.99.1.1", "10.99.1.3"], ""), ["10.99.1.3", "10.99.1.1"]);
        assert_eq!(sorted(&["10.1.1.1", "10.98.1.1"], ""), ["10.1.1.1", "10.98.1.1"]);
        assert_eq!(sorted(&["2001:db9::1", "2001:db8::1"], ""), ["2001:db8::1", "2001:db9::1"]);
    }

    #[test]
    fn rules_that_are_no_order_end_all_the_same() {
        let file = "precedence ::/0 40";
        let (mut addresses, pool) = (Vec::new(), ["8.8.8.8", "fc00::1", "10.99.1.200", "::1", "10.98.0.1"]);
        for place in 0..60 {
            addresses.push(pool[place * place % 5]);
            addresses.push(pool[place % 5]);
        }
        assert_eq!(sorted(&addresses, file).len(), 120);
    }

    #[test]
    fn gai_conf_decides() {
        let file = "# IPv4 first\nprecedence ::ffff:0:0/96  100\nlabel ::/0 1\n";
        assert_eq!(sorted(&["2001:db8::3", "10.1.2.3"], file), ["10.1.2.3", "2001:db8::3"]);
        assert_eq!(
            row("scopev4 10.0.0.0/8 14 # all", "scopev4"),
            Some(("::ffff:10.0.0.0".parse().unwrap(), 104, 14))
        );
    }
}
