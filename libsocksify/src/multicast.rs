//! Joining multicast groups: the socket options of ip(7) and ipv6(7), and the group each names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libc::{c_int, c_void, sockaddr, socklen_t};

use crate::address;

/// Options of `<netinet/in.h>` that the libc crate lacks.
const MCAST_JOIN_GROUP: c_int = 42;
const MCAST_JOIN_SOURCE_GROUP: c_int = 46;

/// Whether an option joins a group.
pub(crate) fn joins(level: c_int, name: c_int) -> bool {
    match level {
        libc::IPPROTO_IP => [
            libc::IP_ADD_MEMBERSHIP,
            libc::IP_ADD_SOURCE_MEMBERSHIP,
            MCAST_JOIN_GROUP,
            MCAST_JOIN_SOURCE_GROUP,
        ]
        .contains(&name),
        libc::IPPROTO_IPV6 => {
            [libc::IPV6_ADD_MEMBERSHIP, MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP].contains(&name)
        }
        _ => false,
    }
}

/// The group such an option names; `None` where the value is too short, which the kernel refuses.
///
/// # Safety
/// `value` is null or points to `length` readable bytes.
pub(crate) unsafe fn group(name: c_int, value: *const c_void, length: socklen_t) -> Option<IpAddr> {
    if value.is_null() {
        return None;
    }
    // SAFETY: read no further than the length allows; `struct ip_mreq` and `ipv6_mreq` begin with the group, `struct
    // group_req` has it, as a socket address, behind an aligned interface number.
    unsafe {
        match (name, length) {
            (MCAST_JOIN_GROUP | MCAST_JOIN_SOURCE_GROUP, length) if length >= 32 => {
                let address = value.cast::<u8>().add(8).cast::<sockaddr>();
                address::internet(address, length - 8).map(|address| address.ip())
            }
            (libc::IPV6_ADD_MEMBERSHIP, length) if length >= 16 => {
                Some(Ipv6Addr::from(value.cast::<[u8; 16]>().read_unaligned()).into())
            }
            (libc::IP_ADD_MEMBERSHIP | libc::IP_ADD_SOURCE_MEMBERSHIP, length) if length >= 8 => {
                Some(Ipv4Addr::from(value.cast::<[u8; 4]>().read_unaligned()).into())
            }
            _ => None,
        }
    }
}
