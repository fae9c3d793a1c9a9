//! An IPv4 socket and a proxy that has only IPv6 addresses: the one case in which the application's own socket cannot
//! be the one connected. An IPv6 socket takes its place behind the same descriptor, with its options, flags and epoll
//! entries, and behind the copies of it that this process has. Those of other processes keep the old socket.

use std::os::fd::RawFd;

use libc::c_int;

use crate::sys;
use crate::{descriptors, parking};

/// Options a program sets on a stream before it connects it; socket(7), tcp(7).
const OPTIONS: &[(c_int, c_int)] = &[
    (libc::SOL_SOCKET, libc::SO_KEEPALIVE),
    (libc::SOL_SOCKET, libc::SO_REUSEADDR),
    (libc::SOL_SOCKET, libc::SO_OOBINLINE),
    (libc::SOL_SOCKET, libc::SO_PRIORITY),
    (libc::SOL_SOCKET, libc::SO_RCVLOWAT),
    (libc::IPPROTO_TCP, libc::TCP_NODELAY),
    (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE),
    (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL),
    (libc::IPPROTO_TCP, libc::TCP_KEEPCNT),
    (libc::IPPROTO_TCP, libc::TCP_SYNCNT),
    (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT),
    (libc::IPPROTO_TCP, libc::TCP_LINGER2),
];

/// Buffer sizes, which the kernel reports doubled (socket(7)); set by the program or not, the same size comes out.
const BUFFERS: &[c_int] = &[libc::SO_RCVBUF, libc::SO_SNDBUF];

/// Options with a structure as value.
const LARGE_OPTIONS: &[c_int] = &[libc::SO_LINGER, libc::SO_RCVTIMEO, libc::SO_SNDTIMEO];

/// Puts an IPv6 socket behind `fd`; false leaves everything as it was.
pub(crate) fn with_ipv6(fd: RawFd) -> bool {
    let Some(new) = sys::tcp_socket(libc::AF_INET6) else { return false };
    copy_options(fd, new);
    let entries = parking::take_out(fd);
    let copies = sys::copies_of(fd);
    let replaced = sys::take_place(new, fd);
    sys::close(new);
    if replaced {
        copies.iter().for_each(|copy| {
            sys::take_place(fd, *copy);
            descriptors::mark_replaced(*copy);
        });
        descriptors::mark_replaced(fd);
    }
    parking::put_back(&entries, fd);
    replaced
}

/// Gives a stream the options another one has.
pub(crate) fn copy_options(fd: RawFd, new: RawFd) {
    let plain = sys::tcp_socket(libc::AF_INET);
    for (level, name) in OPTIONS {
        sys::copy_option::<c_int>(fd, new, *level, *name);
    }
    for name in LARGE_OPTIONS {
        sys::copy_option::<[usize; 2]>(fd, new, libc::SOL_SOCKET, *name);
    }
    // A fixed buffer size ends the kernel's own adjustment: only a size that was chosen is taken over.
    for name in BUFFERS.iter().filter(|name| plain.is_some_and(|plain| sys::differs(fd, plain, **name))) {
        sys::copy_halved(fd, new, *name);
    }
    plain.into_iter().for_each(sys::close);
}

/// The address of a socket that took an IPv4 socket's place: its port, for the address has no meaning in IPv4.
pub(crate) fn own_address(fd: RawFd) -> Option<std::net::SocketAddr> {
    if !descriptors::is_replaced(fd) {
        return None;
    }
    let port = sys::own_address(fd)?.port();
    Some(std::net::SocketAddr::new(std::net::Ipv4Addr::UNSPECIFIED.into(), port))
}
