//! Where packets to an address would come from, as the kernel's routes have it. Nothing is sent to learn it.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::ptr;

use libc::{ifaddrs, sockaddr, socklen_t};

use crate::hooks::real;
use crate::precedence::Source;
use crate::{address, sys};

/// The address from which the kernel would send to `to`; `None` where it has no way there.
pub(crate) fn source_of(to: IpAddr) -> Option<Source> {
    let family = if to.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    // SAFETY: no pointers.
    let socket = unsafe { real::socket(family, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if socket < 0 {
        return None;
    }
    let source = connected_from(socket, to);
    sys::close(socket);
    let prefix = source.map_or(0, prefix_of);
    source.map(|ip| Source { ip, prefix })
}

/// Connecting a datagram socket sends nothing.
fn connected_from(socket: RawFd, to: IpAddr) -> Option<IpAddr> {
    sys::begin_connect(socket, SocketAddr::new(to, 9)).ok()?;
    sys::own_address(socket).map(|own| own.ip())
}

/// The length of the network's prefix that an address of this host's belongs to.
fn prefix_of(ip: IpAddr) -> u32 {
    let mut list: *mut ifaddrs = ptr::null_mut();
    // SAFETY: getifaddrs(3) makes a list, which is walked as it made it and freed once.
    unsafe {
        if libc::getifaddrs(&mut list) != 0 {
            return 0;
        }
        let entries = std::iter::successors(list.as_ref(), |entry| entry.ifa_next.as_ref());
        let mut masks =
            entries.filter(|entry| read(entry.ifa_addr) == Some(ip)).map(|entry| read(entry.ifa_netmask));
        let mask = masks.next().flatten();
        drop(masks);
        libc::freeifaddrs(list);
        match mask {
            Some(IpAddr::V4(mask)) => mask.to_bits().count_ones(),
            Some(IpAddr::V6(mask)) => mask.to_bits().count_ones(),
            None => 0,
        }
    }
}

/// # Safety
/// `address` is null or an address of its family's length.
unsafe fn read(address: *const sockaddr) -> Option<IpAddr> {
    let length = size_of::<libc::sockaddr_in>() as socklen_t;
    // SAFETY: forwarded; IPv4 addresses alone are read.
    unsafe {
        let is_ipv4 = !address.is_null() && i32::from((*address).sa_family) == libc::AF_INET;
        is_ipv4.then(|| address::internet(address, length)).flatten().map(|address| address.ip())
    }
}
