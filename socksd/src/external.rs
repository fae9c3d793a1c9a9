//! The local addresses of connections to targets.

use std::io;
use std::net::{IpAddr, SocketAddr};

use rustix::io::Errno;
use socks_conf::sockd::{Families, Family, Local, Rotation};

use crate::interfaces::Interfaces;

/// The addresses and interfaces that lead outside; without any, the system chooses.
#[derive(Clone, Debug, Default)]
pub struct External {
    /// The addresses and interfaces, in order.
    pub locals: Vec<Local>,
    /// The families of targets that are served; empty is both.
    pub families: Families,
    /// Which address is taken where there are several.
    pub rotation: Rotation,
}

impl External {
    /// The address to bind a socket towards `target` to; `None` leaves it to the system.
    ///
    /// `inside` is where the application reached us. The error is that of a host without an address of this family.
    pub(crate) fn source(&self, target: IpAddr, inside: IpAddr) -> io::Result<Option<IpAddr>> {
        self.choose(target, inside, &Interfaces::now())
    }

    fn choose(&self, target: IpAddr, inside: IpAddr, interfaces: &Interfaces) -> io::Result<Option<IpAddr>> {
        let family = if target.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
        if !self.families.is_empty() && !self.families.contains(family) {
            return Err(Errno::AFNOSUPPORT.into());
        }
        let same_family = |address: &IpAddr| address.is_ipv4() == target.is_ipv4();
        if self.rotation == Rotation::SameSame {
            return Ok(Some(inside).filter(same_family));
        }
        if self.locals.is_empty() {
            return Ok(None);
        }
        let addresses = self.locals.iter().flat_map(|local| addresses(local, interfaces));
        let mut addresses = addresses.filter(same_family).filter(|address| !is_link_local(*address));
        match (addresses.next(), self.rotation) {
            (None, _) => Err(Errno::AFNOSUPPORT.into()),
            (Some(_), Rotation::Route) if addresses.next().is_some() => Ok(None),
            (Some(first), _) => Ok(Some(first)),
        }
    }
}

fn addresses(local: &Local, interfaces: &Interfaces) -> Vec<IpAddr> {
    match local {
        Local::Ip(address) => vec![*address],
        Local::Name(name) => interfaces.of(name).collect(),
    }
}

/// Such an address leads nowhere without saying through which interface.
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// The address with no port of its own.
pub(crate) fn any_port(address: IpAddr) -> SocketAddr {
    SocketAddr::new(address, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(external: &External, target: &str) -> Option<Option<String>> {
        let interfaces = Interfaces::having(&[
            ("eth0", "10.0.0.1"),
            ("eth1", "192.0.2.1"),
            ("eth1", "192.0.2.2"),
            ("eth1", "fe80::1"),
            ("eth1", "2001:db8::1"),
        ]);
        let source = external.choose(target.parse().unwrap(), "10.0.0.1".parse().unwrap(), &interfaces);
        source.ok().map(|source| source.map(|address| address.to_string()))
    }

    fn through(name: &str) -> External {
        External { locals: vec![Local::Name(name.into())], ..External::default() }
    }

    fn address(text: &str) -> Option<Option<String>> {
        Some(Some(text.into()))
    }

    #[test]
    fn the_first_address_of_the_family_is_taken() {
        assert_eq!(choose(&External::default(), "203.0.113.7"), Some(None));
        assert_eq!(choose(&through("eth1"), "203.0.113.7"), address("192.0.2.1"));
        assert_eq!(choose(&through("eth1"), "2001:db8::7"), address("2001:db8::1"));
        assert_eq!(choose(&through("eth0"), "2001:db8::7"), None);
        assert_eq!(choose(&through("nosuch0"), "203.0.113.7"), None);
    }

    #[test]
    fn rotation_leaves_the_choice_to_others() {
        let route = External { rotation: Rotation::Route, ..through("eth1") };
        assert_eq!(choose(&route, "203.0.113.7"), Some(None));
        assert_eq!(
            choose(&External { rotation: Rotation::Route, ..through("eth0") }, "203.0.113.7"),
            address("10.0.0.1")
        );
        let same = External { rotation: Rotation::SameSame, ..through("eth1") };
        assert_eq!(choose(&same, "203.0.113.7"), address("10.0.0.1"));
        assert_eq!(choose(&same, "2001:db8::7"), Some(None));
    }

    #[test]
    fn a_family_that_is_not_served_has_no_source() {
        let four = External { families: [Family::Ipv4].into(), ..External::default() };
        assert_eq!(choose(&four, "203.0.113.7"), Some(None));
        assert_eq!(choose(&four, "2001:db8::7"), None);
    }
}
