//! Names that only this proxy knows, in the manner of hosts(5); they win over the system's resolver.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

/// A table of names and their addresses, in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    addresses: HashMap<String, Vec<IpAddr>>,
    names: HashMap<IpAddr, String>,
}

impl Hosts {
    /// Adds one address of `name`; a name may have several, which are tried in turn.
    pub fn add(&mut self, name: &str, address: IpAddr) {
        self.addresses.entry(key(name)).or_default().push(address);
        self.names.entry(address.to_canonical()).or_insert_with(|| name.to_owned());
    }

    /// Adds what `NAME=ADDRESS` says; an IPv6 address may stand in brackets.
    pub fn add_pair(&mut self, pair: &str) -> Result<(), HostsError> {
        let (name, address) = pair.split_once('=').ok_or(HostsError::Pair)?;
        if name.is_empty() {
            return Err(HostsError::Pair);
        }
        let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
        self.add(name, bare.parse().map_err(|_| HostsError::Address)?);
        Ok(())
    }

    /// Adds the text of a file as hosts(5) describes it: an address and its names on each line, `#` begins a comment.
    ///
    /// The error names the line, counted from 1.
    pub fn add_lines(&mut self, text: &str) -> Result<(), (usize, HostsError)> {
        for (number, line) in (1..).zip(text.lines()) {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let Some(address) = words.next() else { continue };
            let address = address.parse().map_err(|_| (number, HostsError::Address))?;
            words.for_each(|name| self.add(name, address));
        }
        Ok(())
    }

    /// The addresses of `name`, whatever its case and with or without a final dot.
    pub(crate) fn addresses(&self, name: &str) -> Option<&[IpAddr]> {
        self.addresses.get(&key(name)).map(Vec::as_slice)
    }

    /// The name of `address`: of several the one that was added first.
    pub(crate) fn name(&self, address: IpAddr) -> Option<&str> {
        self.names.get(&address.to_canonical()).map(String::as_str)
    }
}

fn key(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Why a text adds no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostsError {
    /// It is not a name, an equals sign and an address.
    Pair,
    /// What should be an address is none.
    Address,
}

impl fmt::Display for HostsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HostsError::Pair => "expected NAME=ADDRESS, such as www.example.org=192.0.2.7",
            HostsError::Address => "expected an IPv4 or IPv6 address, such as 192.0.2.7",
        })
    }
}

impl std::error::Error for HostsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_accumulate_in_order() {
        let mut hosts = Hosts::default();
        hosts.add_pair("www.example.org=192.0.2.7").unwrap();
        hosts.add_pair("www.example.org=[2001:db8::7]").unwrap();
        let expected: [IpAddr; 2] = ["192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap()];
        assert_eq!(hosts.addresses("WWW.Example.ORG."), Some(&expected[..]));
        assert_eq!(hosts.addresses("example.org"), None);
    }

    #[test]
    fn pairs_must_be_pairs() {
        let mut hosts = Hosts::default();
        assert_eq!(hosts.add_pair("www.example.org"), Err(HostsError::Pair));
        assert_eq!(hosts.add_pair("=192.0.2.7"), Err(HostsError::Pair));
        assert_eq!(hosts.add_pair("a=b"), Err(HostsError::Address));
    }

    #[test]
    fn reads_hosts_files() {
        let mut hosts = Hosts::default();
        hosts.add_lines("# comment\n192.0.2.7 www.example.org www # more\n\n::1\tsix\n").unwrap();
        assert_eq!(hosts.addresses("www"), hosts.addresses("www.example.org"));
        assert!(hosts.addresses("six").is_some());
        assert_eq!(hosts.name("192.0.2.7".parse().unwrap()), Some("www.example.org"));
        assert_eq!(hosts.name("192.0.2.8".parse().unwrap()), None);
        assert_eq!(hosts.add_lines("\nwww 192.0.2.7\n"), Err((2, HostsError::Address)));
    }
}
