//! The addresses that lead to this host and that other hosts have no business with.

use std::net::IpAddr;

use crate::interfaces::Interfaces;

/// Whether `address` is this host's alone: loopback, or an address of an interface that is not public. Link-local
/// addresses count as such, whoever has them: services that describe the host itself answer there.
pub(crate) fn is_own(address: IpAddr, interfaces: &Interfaces) -> bool {
    let address = address.to_canonical();
    match address {
        IpAddr::V4(v4) => {
            let is_private = v4.is_private() || is_shared(v4.octets());
            v4.is_loopback()
                || v4.is_unspecified()
                || v4.octets()[0] == 0
                || v4.is_link_local()
                || is_private && interfaces.contain(address)
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unicast_link_local()
                || v6.is_unique_local() && interfaces.contain(address)
        }
    }
}

/// 100.64.0.0/10 (RFC 6598).
fn is_shared(octets: [u8; 4]) -> bool {
    octets[0] == 100 && octets[1] & 0xc0 == 64
}
