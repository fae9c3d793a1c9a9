//! /etc/hosts, read by us as libc reads it: handing such a name to libc would ask a name server for the family the file
//! lacks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libc::c_int;

const FILE: &str = "/etc/hosts";

/// A host that is known without asking anybody: its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    lines: Vec<Line>,
    /// In the file, not just by its name.
    is_listed: bool,
}

/// What a look-up in one family, or in both, comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The first name of the first line: the canonical one.
    pub(crate) name: Vec<u8>,
    pub(crate) aliases: Vec<Vec<u8>>,
    pub(crate) addresses: Vec<IpAddr>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    address: IpAddr,
    /// The canonical name and the aliases.
    names: Vec<Vec<u8>>,
}

/// The host of a name that is known without asking anybody: in the file, `localhost`, or this host's own.
pub(crate) fn by_name(name: &[u8]) -> Option<Known> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    look_up(&read(), name).or_else(|| is_our_own(name).then(|| loopback(name)))
}

/// The host of an address that is known without asking anybody.
pub(crate) fn by_address(ip: IpAddr) -> Option<Entry> {
    let file = read();
    let ours = ip.to_canonical();
    let line = find(&file, ip).or_else(|| find(&file, ours));
    let line = line
        .or_else(|| ours.is_loopback().then(|| Line { address: ours, names: vec![b"localhost".to_vec()] }))?;
    let mut names = line.names.into_iter();
    Some(Entry { name: names.next()?, aliases: names.collect(), addresses: vec![ip] })
}

/// The domain of this host, as getnameinfo(3) leaves it out for NI_NOFQDN.
pub(crate) fn domain() -> Option<Vec<u8>> {
    let domain_of = |name: &[u8]| {
        let dot = name.iter().position(|byte| *byte == b'.')?;
        name.get(dot + 1..).map(<[u8]>::to_vec)
    };
    let own = crate::sys::host_name()?;
    let entry = |name: &[u8]| by_name(name)?.in_family(libc::AF_INET);
    let localhost = entry(b"localhost").and_then(|entry| domain_of(&entry.name));
    localhost.or_else(|| domain_of(&own)).or_else(|| domain_of(&entry(&own)?.name))
}

/// Whether nsswitch.conf(5) has networks looked up in files alone.
pub(crate) fn networks_are_in_files() -> bool {
    let file = std::fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
    let mut lines = file.lines().filter_map(|line| line.trim_start().strip_prefix("networks:"));
    lines.next().is_some_and(|line| {
        let sources = line.split('#').next().unwrap_or_default();
        sources.split_whitespace().all(|source| source == "files" || source == "db")
    })
}

impl Known {
    /// The host in one family, or in both with AF_UNSPEC; `None` where it has no address there.
    pub(crate) fn in_family(&self, family: c_int) -> Option<Entry> {
        self.gathered(family, !self.is_listed || gathers_lines())
    }

    fn gathered(&self, family: c_int, all: bool) -> Option<Entry> {
        let mut found: Option<Entry> = None;
        let is_meant =
            |line: &&Line| self.is_listed || family == libc::AF_UNSPEC || is_of(line.address, family);
        let lines = self.lines.iter().filter(is_meant);
        let lines = lines.filter_map(|line| Some((in_family(line.address, family)?, line)));
        for (address, line) in lines.take(if all { usize::MAX } else { 1 }) {
            let mut names = line.names.iter().cloned();
            let Some(name) = names.next() else { continue };
            let entry = found.get_or_insert_with(|| Entry {
                name: name.clone(),
                aliases: Vec::new(),
                addresses: Vec::new(),
            });
            entry.addresses.push(address);
            entry.aliases.extend(names);
            if entry.name != name {
                entry.aliases.push(name);
            }
        }
        found
    }
}

fn is_of(address: IpAddr, family: c_int) -> bool {
    address.is_ipv4() == (family == libc::AF_INET)
}

/// The address of a line for one who asks in this family. IPv4 is what stands there as such, what is mapped into IPv6,
/// and, as glibc has it, IPv6's loopback.
fn in_family(address: IpAddr, family: c_int) -> Option<IpAddr> {
    match (address, family) {
        (IpAddr::V6(Ipv6Addr::LOCALHOST), libc::AF_INET) => Some(Ipv4Addr::LOCALHOST.into()),
        (IpAddr::V6(ip), libc::AF_INET) => ip.to_ipv4_mapped().map(IpAddr::V4),
        (IpAddr::V4(_), libc::AF_INET6) => None,
        _ => Some(address),
    }
}

/// host.conf(5), `multi`: whether a host's several lines count, or the first alone.
fn gathers_lines() -> bool {
    let file = std::fs::read_to_string("/etc/host.conf").unwrap_or_default();
    let words = file.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>());
    words.into_iter().any(|words| words == ["multi", "on"])
}

fn read() -> Vec<u8> {
    std::fs::read(FILE).unwrap_or_default()
}

/// RFC 6761, 6.3: `localhost` and what ends in it never goes to a name server.
fn is_our_own(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == b"localhost"
        || lower.ends_with(b".localhost")
        || crate::sys::host_name().is_some_and(|own| own.eq_ignore_ascii_case(name))
}

/// A name of ours that the file lacks.
fn loopback(name: &[u8]) -> Known {
    let lines = [IpAddr::from(Ipv6Addr::LOCALHOST), IpAddr::from(Ipv4Addr::LOCALHOST)];
    Known {
        lines: lines.map(|address| Line { address, names: vec![name.to_vec()] }).into(),
        is_listed: false,
    }
}

/// Files of some hosts have a hundred thousand lines: nothing is kept of those that do not matter.
fn look_up(file: &[u8], name: &[u8]) -> Option<Known> {
    let knows = |line: &&[u8]| words(line).skip(1).any(|known| known.eq_ignore_ascii_case(name));
    let lines: Vec<_> = lines(file).filter(knows).filter_map(Line::of).collect();
    (!lines.is_empty()).then_some(Known { lines, is_listed: true })
}

fn find(file: &[u8], ip: IpAddr) -> Option<Line> {
    let family = if ip.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let is_of = |line: &&[u8]| address(line).is_some_and(|address| in_family(address, family) == Some(ip));
    lines(file).filter(is_of).find_map(Line::of)
}

/// The lines without their comments.
fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let line = |line: &[u8]| line.iter().position(|byte| *byte == b'#').unwrap_or(line.len());
    file.split(|byte| *byte == b'\n').filter_map(move |text| text.get(..line(text)))
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

fn address(line: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(words(line).next()?).ok()?.parse().ok()
}

impl Line {
    fn of(line: &[u8]) -> Option<Line> {
        let names: Vec<_> = words(line).skip(1).map(<[u8]>::to_vec).collect();
        let address = address(line)?;
        (!names.is_empty()).then_some(Line { address, names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[u8] = b"# comment\n127.0.0.1\tlocalhost\n10.1.2.3 www.intranet www # tail\n\
        2001:db8::3 www.intranet\n10.1.2.4 web.intranet www\nnonsense here\n\n::1 ip6-localhost\n\
        ::ffff:10.7.7.7 mapped\n10.9.9.9";

    fn entry(name: &str, family: c_int) -> Option<Entry> {
        look_up(SAMPLE, name.as_bytes())?.gathered(family, true)
    }

    fn addresses(name: &str, family: c_int) -> Vec<String> {
        entry(name, family)
            .map_or(Vec::new(), |entry| entry.addresses.iter().map(IpAddr::to_string).collect())
    }

    #[test]
    fn names_of_the_file() {
        assert_eq!(entry("WWW", libc::AF_UNSPEC).unwrap().name, b"www.intranet");
        assert_eq!(addresses("www.intranet", libc::AF_UNSPEC), ["10.1.2.3", "2001:db8::3"]);
        assert_eq!(addresses("www.intranet", libc::AF_INET6), ["2001:db8::3"]);
        for name in ["here", "tail", "comment", "10.9.9.9"] {
            assert_eq!(entry(name, libc::AF_UNSPEC), None, "{name}");
        }
    }

    #[test]
    fn ipv4_is_also_what_is_mapped_and_the_loopback() {
        assert_eq!(addresses("mapped", libc::AF_UNSPEC), ["::ffff:10.7.7.7"]);
        assert_eq!(addresses("mapped", libc::AF_INET), ["10.7.7.7"]);
        assert_eq!(addresses("ip6-localhost", libc::AF_INET), ["127.0.0.1"]);
        assert_eq!(addresses("localhost", libc::AF_INET6), [""; 0]);
    }

    #[test]
    fn later_lines_bring_their_names_as_aliases() {
        let entry = entry("www", libc::AF_INET).unwrap();
        assert_eq!(entry.aliases, [b"www".to_vec(), b"www".to_vec(), b"web.intranet".to_vec()]);
        assert_eq!(entry.addresses.len(), 2);
    }

    #[test]
    fn localhost_needs_no_file() {
        for name in ["localhost", "LocalHost", "db.localhost"] {
            assert!(is_our_own(name.as_bytes()), "{name}");
        }
        assert!(!is_our_own(b"notlocalhost"));
    }
}
