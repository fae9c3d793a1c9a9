//! sendto(2), sendmsg(2), sendmmsg(2) and socket(2): what would leave this machine without a connection a proxy knows
//! of is refused, unless a route sends it direct.

use std::net::SocketAddr;

use libc::{c_int, c_uint, c_void, mmsghdr, msghdr, size_t, sockaddr, socklen_t, ssize_t};

use crate::address;
use crate::interpose::Verdict;
use crate::policy::{self, Path};
use crate::sys::Kind;

/// The type of socket(2) that is a packet socket in disguise (packet(7)).
const SOCK_PACKET: c_int = 10;

/// Whether a call names an address, or may connect by sending (TCP Fast Open).
pub(crate) fn names_an_address(address: *const sockaddr, flags: c_int) -> bool {
    !address.is_null() || flags & libc::MSG_FASTOPEN != 0
}

/// Whether a message names an address.
///
/// # Safety
/// `message` is null or points to a message header.
pub(crate) unsafe fn message_names_an_address(message: *const msghdr, flags: c_int) -> bool {
    // SAFETY: forwarded.
    unsafe { message.as_ref() }.is_some_and(|message| names_an_address(message.msg_name.cast(), flags))
}

/// Whether packets can be made on such a socket that no route could ever be asked about.
pub(crate) fn makes_packets(domain: c_int, kind: c_int) -> bool {
    domain == libc::AF_PACKET || (domain == libc::AF_INET && kind & 0xf == SOCK_PACKET)
}

/// Decides about a sendto(2) that names an address.
pub(crate) fn sendto(
    (): &mut (),
    fd: c_int,
    _bytes: *const c_void,
    _count: size_t,
    flags: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> Verdict<ssize_t> {
    // SAFETY: the application's own pointer and length.
    unsafe { send(fd, address, length, flags) }
}

/// Decides about a sendmsg(2) that names an address.
pub(crate) fn sendmsg((): &mut (), fd: c_int, message: *const msghdr, flags: c_int) -> Verdict<ssize_t> {
    // SAFETY: the application's own message; the row asked for one with an address.
    unsafe { send(fd, (*message).msg_name.cast(), (*message).msg_namelen, flags) }
}

/// Decides about a sendmmsg(2): one message that may not leave stops them all.
pub(crate) fn sendmmsg(
    (): &mut (),
    fd: c_int,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
) -> Verdict<c_int> {
    if messages.is_null() {
        return Verdict::Direct;
    }
    for index in 0..count as usize {
        // SAFETY: the application's own array of `count` messages.
        let verdict: Verdict<c_int> = unsafe {
            let message = &(*messages.add(index)).msg_hdr;
            if !message_names_an_address(message, flags) {
                continue;
            }
            send(fd, message.msg_name.cast(), message.msg_namelen, flags)
        };
        if let Verdict::Fail(errno) = verdict {
            return Verdict::Fail(errno);
        }
    }
    Verdict::Direct
}

/// Decides about a socket(2) that would make packets.
pub(crate) fn socket((): &mut (), _domain: c_int, _kind: c_int, _protocol: c_int) -> Verdict<c_int> {
    if policy::lets_everything_pass() {
        return Verdict::Direct;
    }
    log::info!("a packet socket is refused: its packets would go past every route");
    Verdict::Fail(libc::EACCES)
}

unsafe fn send<T>(fd: c_int, address: *const sockaddr, length: socklen_t, flags: c_int) -> Verdict<T> {
    // SAFETY: forwarded.
    let Some(target) = (unsafe { address::of_datagram(address, length) }) else {
        // SAFETY: forwarded.
        return unsafe { foreign(address, length) };
    };
    if address::is_local(target.ip()) {
        return Verdict::Direct;
    }
    match Kind::of(fd) {
        Err(_) => Verdict::Direct,
        Ok(kind) if kind.domain == libc::AF_UNIX => Verdict::Direct,
        Ok(kind) if kind.is_tcp() => stream(fd, target, flags),
        Ok(_) => match policy::of_datagram(fd, target) {
            Path::Refused(errno) => refuse(target, errno),
            _ => Verdict::Direct,
        },
    }
}

/// A stream ignores the address, but for TCP Fast Open, which connects by sending.
fn stream<T>(fd: c_int, target: SocketAddr, flags: c_int) -> Verdict<T> {
    if flags & libc::MSG_FASTOPEN == 0 || matches!(policy::of_stream(fd, target), Path::Direct) {
        return Verdict::Direct;
    }
    refuse(target, libc::EOPNOTSUPP)
}

/// Not an internet address: a packet socket's frames go past every route, the rest stays on this machine.
unsafe fn foreign<T>(address: *const sockaddr, length: socklen_t) -> Verdict<T> {
    // SAFETY: forwarded.
    let family = unsafe { address::family(address, length) };
    if family == Some(libc::AF_PACKET as libc::sa_family_t) && !policy::lets_everything_pass() {
        return Verdict::Fail(libc::EACCES);
    }
    Verdict::Direct
}

fn refuse<T>(target: SocketAddr, errno: c_int) -> Verdict<T> {
    log::info!("datagram to {target} refused: {}", std::io::Error::from_raw_os_error(errno));
    Verdict::Fail(errno)
}
