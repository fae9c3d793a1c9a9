//! /etc/hosts, read by us: handing such a name to libc would ask a name server for the family the file lacks.

use std::net::IpAddr;

const FILE: &str = "/etc/hosts";

/// One host of the file, or one of those that need no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The first name of the line: the canonical one.
    pub(crate) name: Vec<u8>,
    pub(crate) addresses: Vec<IpAddr>,
}

/// The entry of a name that is known without asking anybody: in the file, `localhost`, or this host's own.
pub(crate) fn by_name(name: &[u8]) -> Option<Entry> {
    let file = std::fs::read(FILE).unwrap_or_default();
    let name = name.strip_suffix(b".").unwrap_or(name);
    look_up(&file, name).or_else(|| is_our_own(name).then(|| loopback(name)))
}

/// The name of an address that is known without asking anybody.
pub(crate) fn by_address(ip: IpAddr) -> Option<Entry> {
    let file = std::fs::read(FILE).unwrap_or_default();
    let ip = ip.to_canonical();
    let line = lines(&file).find(|(address, _)| *address == ip);
    let name = line.and_then(|(_, names)| names.first().map(|name| name.to_vec()));
    let name = name.or_else(|| ip.is_loopback().then(|| b"localhost".to_vec()))?;
    Some(Entry { name, addresses: vec![ip] })
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

/// RFC 6761, 6.3: `localhost` and what ends in it never goes to a name server.
fn is_our_own(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == b"localhost"
        || lower.ends_with(b".localhost")
        || crate::sys::host_name().is_some_and(|own| own.eq_ignore_ascii_case(name))
}

fn loopback(name: &[u8]) -> Entry {
    let addresses = vec![std::net::Ipv6Addr::LOCALHOST.into(), std::net::Ipv4Addr::LOCALHOST.into()];
    Entry { name: name.to_vec(), addresses }
}

fn look_up(file: &[u8], name: &[u8]) -> Option<Entry> {
    let mut found: Option<Entry> = None;
    for (address, names) in lines(file) {
        if names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            let canonical = || Entry { name: names.first().unwrap_or(&name).to_vec(), addresses: Vec::new() };
            found.get_or_insert_with(canonical).addresses.push(address);
        }
    }
    found
}

fn lines(file: &[u8]) -> impl Iterator<Item = (IpAddr, Vec<&[u8]>)> {
    file.split(|byte| *byte == b'\n').filter_map(|line| {
        let line = line.split(|byte| *byte == b'#').next()?;
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let address: IpAddr = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
        Some((address.to_canonical(), words.collect()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[u8] = b"# comment\n127.0.0.1\tlocalhost\n10.1.2.3 www.intranet www # tail\n\
        2001:db8::3 www.intranet\nnonsense here\n\n::1 ip6-localhost";

    #[test]
    fn names_of_the_file() {
        let entry = look_up(SAMPLE, b"WWW").unwrap();
        assert_eq!(entry.name, b"www.intranet");
        assert_eq!(entry.addresses, ["10.1.2.3".parse::<IpAddr>().unwrap()]);
        assert_eq!(look_up(SAMPLE, b"www.intranet").unwrap().addresses.len(), 2);
        assert!(look_up(SAMPLE, b"here").is_none());
        assert!(look_up(SAMPLE, b"tail").is_none());
        assert_eq!(look_up(SAMPLE, b"ip6-localhost").unwrap().addresses, ["::1".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn localhost_needs_no_file() {
        for name in ["localhost", "LocalHost", "db.localhost"] {
            assert!(is_our_own(name.as_bytes()), "{name}");
        }
        assert!(!is_our_own(b"notlocalhost"));
    }
}
