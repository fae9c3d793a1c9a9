//! Where a connection goes or comes from: an address or a name, and a port.

use crate::literal;
use crate::name::Name;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A host as an IP address, or as a name that the proxy is to resolve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::large_enum_variant, reason = "the handshakes may not use the heap")]
pub enum Host {
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// A name.
    Name(Name),
}

/// A host and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The host.
    pub host: Host,
    /// The port, 0 where none is meant.
    pub port: u16,
}

impl Host {
    /// The one form in which a host is sent and compared.
    ///
    /// `::ffff:a.b.c.d` is the IPv4 address it stands for; a name that is an address literal is that address, so
    /// that a rule about the address cannot be evaded by spelling; a name has no trailing dot.
    #[must_use]
    pub fn canonical(self) -> Self {
        match self {
            Self::Ip(ip) => Self::Ip(ip.to_canonical()),
            Self::Name(name) => {
                let name = name.without_trailing_dot();
                literal::address_in(name.as_bytes()).map_or(Self::Name(name), Self::Ip)
            }
        }
    }
}

impl Address {
    /// `0.0.0.0:0`, with which a message says that there is nothing to say.
    pub const UNSPECIFIED: Self = Self { host: Host::Ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), port: 0 };

    /// The address with its host in [canonical](Host::canonical) form.
    #[must_use]
    pub fn canonical(self) -> Self {
        Self { host: self.host.canonical(), port: self.port }
    }

    /// The same as an address of a socket, unless the host is a name.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        match self.host {
            Host::Ip(ip) => Some(SocketAddr::new(ip, self.port)),
            Host::Name(_) => None,
        }
    }
}

impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        Self::Ip(ip.to_canonical())
    }
}

impl From<Name> for Host {
    fn from(name: Name) -> Self {
        Self::Name(name)
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().into(), port: address.port() }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]:{}", self.port),
            host => write!(f, "{host}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &[u8]) -> Host {
        Host::Name(Name::new(name).unwrap())
    }

    fn ip(text: &str) -> Host {
        Host::Ip(text.parse().unwrap())
    }

    #[test]
    fn has_one_canonical_form() {
        assert_eq!(ip("::ffff:192.0.2.7").canonical(), ip("192.0.2.7"));
        assert_eq!(ip("::192.0.2.7").canonical(), ip("::192.0.2.7"));
        assert_eq!(ip("::").canonical(), ip("::"));
        assert_eq!(named(b"192.0.2.7").canonical(), ip("192.0.2.7"));
        assert_eq!(named(b"192.0.2.7.").canonical(), ip("192.0.2.7"));
        assert_eq!(named(b"::ffff:192.0.2.7").canonical(), ip("192.0.2.7"));
        assert_eq!(named(b"www.example.org.").canonical(), named(b"www.example.org"));
        assert_eq!(named(b"WWW.example.org").canonical(), named(b"WWW.example.org"));
    }

    #[test]
    fn comes_from_a_socket_address() {
        let mapped: SocketAddr = "[::ffff:192.0.2.7]:80".parse().unwrap();
        let address = Address::from(mapped);
        assert_eq!(address, Address { host: ip("192.0.2.7"), port: 80 });
        assert_eq!(address.socket_address(), "192.0.2.7:80".parse().ok());
        assert_eq!(Address { host: named(b"a"), port: 80 }.socket_address(), None);
    }

    #[test]
    fn is_shown_as_it_is_written() {
        assert_eq!(Address { host: ip("192.0.2.7"), port: 80 }.to_string(), "192.0.2.7:80");
        assert_eq!(Address { host: ip("2001:db8::7"), port: 443 }.to_string(), "[2001:db8::7]:443");
        assert_eq!(Address { host: named(b"www.example.org"), port: 1 }.to_string(), "www.example.org:1");
    }
}
