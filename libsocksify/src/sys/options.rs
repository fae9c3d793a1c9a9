//! Options of sockets (socket(7), ip(7), tcp(7), udp(7)).

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::RawFd;
use std::time::Duration;

use libc::{c_int, c_void, socklen_t};

use super::checked;
use crate::hooks::real;

/// `int getsockopt(int, int, int, void *, socklen_t *)` — reads an option of fixed size; socket(7).
pub(super) fn option<T: Copy>(fd: RawFd, level: c_int, name: c_int) -> io::Result<T> {
    let mut value = MaybeUninit::<T>::zeroed();
    let mut length = size_of::<T>() as socklen_t;
    // SAFETY: the buffer has `length` bytes; every T used here is plain data for which zero bytes are a value.
    unsafe {
        checked(real::getsockopt(fd, level, name, value.as_mut_ptr().cast::<c_void>(), &mut length))?;
        Ok(value.assume_init())
    }
}

pub(super) fn set_option(fd: RawFd, level: c_int, name: c_int, value: c_int) -> io::Result<()> {
    let length = size_of::<c_int>() as socklen_t;
    // SAFETY: pointer and length of one integer.
    checked(unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), length) }).map(drop)
}

/// What socket(2) was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) domain: c_int,
    pub(crate) kind: c_int,
    pub(crate) protocol: c_int,
}

impl Kind {
    /// Of an open socket; an error for everything else.
    pub(crate) fn of(fd: RawFd) -> io::Result<Kind> {
        Ok(Kind {
            domain: option(fd, libc::SOL_SOCKET, libc::SO_DOMAIN)?,
            kind: option(fd, libc::SOL_SOCKET, libc::SO_TYPE)?,
            protocol: option(fd, libc::SOL_SOCKET, libc::SO_PROTOCOL)?,
        })
    }

    /// Whether this is a TCP stream, Multipath TCP included: what a proxy's CONNECT can carry.
    pub(crate) fn is_tcp(self) -> bool {
        self.is_internet()
            && self.kind == libc::SOCK_STREAM
            && [libc::IPPROTO_TCP, libc::IPPROTO_MPTCP].contains(&self.protocol)
    }

    /// Whether this is a UDP socket: what a proxy's UDP ASSOCIATE can carry.
    pub(crate) fn is_udp(self) -> bool {
        self.is_internet() && self.kind == libc::SOCK_DGRAM && self.protocol == libc::IPPROTO_UDP
    }

    /// Whether nothing sent on such a socket leaves this machine.
    pub(crate) fn stays_here(self) -> bool {
        family_stays_here(self.domain)
    }

    /// Whether the socket speaks IP itself.
    pub(crate) fn is_internet(self) -> bool {
        [libc::AF_INET, libc::AF_INET6].contains(&self.domain)
    }
}

/// Families whose traffic stays on this machine, or at least is none of the internet's.
pub(crate) fn family_stays_here(family: c_int) -> bool {
    [libc::AF_UNIX, libc::AF_NETLINK, libc::AF_ALG, libc::AF_VSOCK, libc::AF_BLUETOOTH, libc::AF_CAN]
        .contains(&family)
}

/// The number that names a socket as long as the machine runs, the same for every copy of its descriptor.
pub(crate) fn cookie(fd: RawFd) -> io::Result<u64> {
    option(fd, libc::SOL_SOCKET, libc::SO_COOKIE)
}

/// SO_ERROR: what became of a connection attempt; reading it clears it.
pub(crate) fn pending_error(fd: RawFd) -> io::Result<c_int> {
    option(fd, libc::SOL_SOCKET, libc::SO_ERROR)
}

/// SO_SNDTIMEO, where the application set one.
pub(crate) fn send_timeout(fd: RawFd) -> Option<Duration> {
    timeout(fd, libc::SO_SNDTIMEO)
}

/// SO_RCVTIMEO, where the application set one.
pub(crate) fn receive_timeout(fd: RawFd) -> Option<Duration> {
    timeout(fd, libc::SO_RCVTIMEO)
}

fn timeout(fd: RawFd, name: c_int) -> Option<Duration> {
    let value: libc::timeval = option(fd, libc::SOL_SOCKET, name).ok()?;
    let duration =
        Duration::new(u64::try_from(value.tv_sec).ok()?, u32::try_from(value.tv_usec).ok()? * 1000);
    (!duration.is_zero()).then_some(duration)
}

/// Whether an IPv6 socket may reach IPv4 (IPV6_V6ONLY); changing it is refused by the kernel once the socket is bound.
pub(crate) fn is_ipv6_only(fd: RawFd) -> bool {
    option::<c_int>(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY).is_ok_and(|value| value != 0)
}

/// Changes IPV6_V6ONLY.
pub(crate) fn set_ipv6_only(fd: RawFd, value: bool) -> io::Result<()> {
    set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, value.into())
}

/// SO_RCVLOWAT: how much has to be there before poll(2) says so.
pub(crate) fn low_water(fd: RawFd) -> c_int {
    option(fd, libc::SOL_SOCKET, libc::SO_RCVLOWAT).unwrap_or(1)
}

/// Changes SO_RCVLOWAT.
pub(crate) fn set_low_water(fd: RawFd, bytes: c_int) {
    let _ = set_option(fd, libc::SOL_SOCKET, libc::SO_RCVLOWAT, bytes);
}

/// An option of udp(7).
pub(crate) fn udp_option(fd: RawFd, name: c_int) -> io::Result<c_int> {
    option(fd, libc::SOL_UDP, name)
}

/// Changes an option of udp(7).
pub(crate) fn set_udp_option(fd: RawFd, name: c_int, value: c_int) -> io::Result<()> {
    set_option(fd, libc::SOL_UDP, name, value)
}

/// Acknowledge at once: a delayed acknowledgement costs 40 ms with proxies that write a reply in two pieces.
pub(crate) fn acknowledge_at_once(fd: RawFd) {
    let _ = set_option(fd, libc::IPPROTO_TCP, libc::TCP_QUICKACK, 1);
}

/// Gives one socket the value another has of an option; an option that cannot be read or set stays as it is.
pub(crate) fn copy_option<T: Copy>(from: RawFd, to: RawFd, level: c_int, name: c_int) {
    if let Ok(value) = option::<T>(from, level, name) {
        // SAFETY: pointer and length of one value.
        unsafe { libc::setsockopt(to, level, name, (&raw const value).cast(), size_of::<T>() as socklen_t) };
    }
}

/// Whether an option of SOL_SOCKET has different values on two sockets.
pub(crate) fn differs(one: RawFd, other: RawFd, name: c_int) -> bool {
    let value = |fd| option::<c_int>(fd, libc::SOL_SOCKET, name).ok();
    value(one) != value(other)
}

/// As [`copy_option`], for sizes the kernel doubles when they are set.
pub(crate) fn copy_halved(from: RawFd, to: RawFd, name: c_int) {
    if let Ok(value) = option::<c_int>(from, libc::SOL_SOCKET, name) {
        let _ = set_option(to, libc::SOL_SOCKET, name, value / 2);
    }
}
