//! One side of a route: which addresses, names and ports it is about.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What `from:` or `to:` says: a place and the ports there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Addresses or names.
    pub place: Place,
    /// Ports.
    pub ports: Ports,
}

/// The addresses or names of an [`Endpoint`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `0/0`: every address of either family and every name.
    Everything,
    /// A network. `0.0.0.0/0` is one, with meanings of its own: see [`Config::route`](crate::Config::route).
    Network(Network),
    /// A host name; lower case, without trailing dot.
    Name(String),
    /// `.example.com`: that name and every name below it; lower case, without the leading and trailing dot.
    Domain(String),
    /// `.`: every name.
    EveryName,
}

/// An address with a prefix length; bits behind the prefix do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The address as it was written.
    pub address: IpAddr,
    /// How many leading bits are compared: up to 32 or 128.
    pub prefix: u8,
}

impl Network {
    /// Whether `address` is of this family and inside.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => (ours.to_bits() ^ theirs.to_bits()) & self.mask4() == 0,
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => (ours.to_bits() ^ theirs.to_bits()) & self.mask6() == 0,
            _ => false,
        }
    }

    /// Whether this is exactly `0.0.0.0/0`.
    pub fn is_all_ipv4(&self) -> bool {
        self.prefix == 0 && self.address == IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    }

    /// The network with the bits behind the prefix cleared.
    pub(crate) fn masked(&self) -> Network {
        let address = match self.address {
            IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & self.mask4())),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & self.mask6())),
        };
        Network { address, prefix: self.prefix }
    }

    /// Whether the address has one bits behind the prefix.
    pub(crate) fn has_host_bits(&self) -> bool {
        self.masked() != *self
    }

    fn mask4(&self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.prefix.min(32))).unwrap_or(0)
    }

    fn mask6(&self) -> u128 {
        u128::MAX.checked_shl(128 - u32::from(self.prefix.min(128))).unwrap_or(0)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Everything => f.write_str("0/0"),
            Place::Network(network) => write!(f, "{network}"),
            Place::Name(name) => f.write_str(name),
            Place::Domain(name) => write!(f, ".{name}"),
            Place::EveryName => f.write_str("."),
        }
    }
}

/// The ports of an [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Every port.
    Any,
    /// `port = 80`
    Equal(u16),
    /// `port != 80`
    NotEqual(u16),
    /// `port > 80`
    Greater(u16),
    /// `port >= 80`
    GreaterOrEqual(u16),
    /// `port < 80`
    Less(u16),
    /// `port <= 80`
    LessOrEqual(u16),
    /// `port 1024-65535`: first and last, both included.
    Range(u16, u16),
}

impl Ports {
    /// Whether this is every port.
    pub fn contains_all(self) -> bool {
        matches!(
            self,
            Ports::Any | Ports::GreaterOrEqual(0) | Ports::LessOrEqual(u16::MAX) | Ports::Range(0, u16::MAX)
        )
    }

    /// Whether `port` is one of these.
    pub fn contains(self, port: u16) -> bool {
        match self {
            Ports::Any => true,
            Ports::Equal(limit) => port == limit,
            Ports::NotEqual(limit) => port != limit,
            Ports::Greater(limit) => port > limit,
            Ports::GreaterOrEqual(limit) => port >= limit,
            Ports::Less(limit) => port < limit,
            Ports::LessOrEqual(limit) => port <= limit,
            Ports::Range(first, last) => (first..=last).contains(&port),
        }
    }
}

impl fmt::Display for Ports {
    /// As Dante writes it behind an address, empty for every port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ports::Any => Ok(()),
            Ports::Equal(port) => write!(f, "port = {port}"),
            Ports::NotEqual(port) => write!(f, "port != {port}"),
            Ports::Greater(port) => write!(f, "port > {port}"),
            Ports::GreaterOrEqual(port) => write!(f, "port >= {port}"),
            Ports::Less(port) => write!(f, "port < {port}"),
            Ports::LessOrEqual(port) => write!(f, "port <= {port}"),
            Ports::Range(first, last) => write!(f, "port {first}-{last}"),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ports {
            Ports::Any => write!(f, "{}", self.place),
            ports => write!(f, "{} {ports}", self.place),
        }
    }
}
