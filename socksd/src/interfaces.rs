//! The network interfaces of this host and their addresses, as they are at one moment.

use std::net::IpAddr;
use std::sync::OnceLock;

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::SockaddrStorage;

/// The interfaces at the moment they are first asked about: most requests never ask.
#[derive(Debug, Default)]
pub(crate) struct Interfaces(OnceLock<Vec<Entry>>);

/// An address with the interface it is on; an interface without addresses occurs without.
type Entry = (String, Option<IpAddr>);

impl Interfaces {
    /// Those there are now.
    pub(crate) fn now() -> Interfaces {
        Interfaces::default()
    }

    fn entries(&self) -> &[Entry] {
        self.0.get_or_init(read)
    }

    /// Whether there is an interface of this name.
    pub(crate) fn know(&self, name: &str) -> bool {
        self.entries().iter().any(|(interface, _)| interface == name)
    }

    /// Whether the interface of this name has this address.
    pub(crate) fn has(&self, name: &str, address: IpAddr) -> bool {
        self.entries()
            .iter()
            .any(|(interface, its)| interface == name && *its == Some(address.to_canonical()))
    }

    /// Whether any interface has this address.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        self.entries().iter().any(|(_, its)| *its == Some(address.to_canonical()))
    }

    /// The addresses of the interface of this name.
    pub(crate) fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = IpAddr> + 'a {
        self.entries()
            .iter()
            .filter(move |(interface, _)| interface == name)
            .filter_map(|(_, address)| *address)
    }

    #[cfg(test)]
    pub(crate) fn having(entries: &[(&str, &str)]) -> Interfaces {
        let entry = |(name, address): &(&str, &str)| ((*name).into(), Some(address.parse().unwrap()));
        Interfaces(OnceLock::from(entries.iter().map(entry).collect::<Vec<_>>()))
    }
}

/// The addresses that the interface of this name has now; `None` if there is no such interface.
pub fn interface_addresses(name: &str) -> Option<Vec<IpAddr>> {
    let now = Interfaces::now();
    now.know(name).then(|| now.of(name).collect())
}

/// None when the system does not tell.
fn read() -> Vec<Entry> {
    let Ok(entries) = getifaddrs() else { return Vec::new() };
    entries.map(|entry| (entry.interface_name, entry.address.and_then(ip))).collect()
}

fn ip(address: SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn loopback_is_among_them() {
        let now = Interfaces::now();
        assert!(now.know("lo") && now.has("lo", Ipv4Addr::LOCALHOST.into()));
        assert!(now.contain("::ffff:127.0.0.1".parse().unwrap()));
        assert!(!now.know("nosuch0") && now.of("nosuch0").next().is_none());
        assert!(now.of("lo").any(|address| address.is_loopback()));
    }
}
