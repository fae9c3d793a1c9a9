//! The address of this host that a target sees.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The address that the system would use towards `target`, with a port of no meaning.
pub(crate) fn source_for(target: SocketAddr) -> io::Result<SocketAddr> {
    // A connected UDP socket sends nothing, but is given the address.
    let socket = UdpSocket::bind((unspecified_like(target), 0))?;
    socket.connect(target)?;
    socket.local_addr()
}

/// The unspecified address of the same family.
pub(crate) fn unspecified_like(address: SocketAddr) -> IpAddr {
    if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}

/// The same address in the one form that counts: IPv4-mapped IPv6 as the IPv4 it is.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::new(ip.into(), address.port()),
        IpAddr::V6(_) => address,
    }
}
