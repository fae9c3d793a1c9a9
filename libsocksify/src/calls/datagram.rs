//! sendto(2), sendmsg(2), sendmmsg(2) and socket(2): what would leave this machine without a connection a proxy knows
//! of is refused, unless a route sends it direct.

use std::net::SocketAddr;

use libc::{c_int, c_uint, c_void, mmsghdr, msghdr, size_t, sockaddr, socklen_t, ssize_t};

use crate::calls::connect::{self, Progress};
use crate::hooks::real;
use crate::interpose::Verdict;
use crate::policy::{self, Path};
use crate::sys::Kind;
use crate::{address, parking, rights};

/// The type of socket(2) that is a packet socket in disguise (packet(7)).
const SOCK_PACKET: c_int = 10;

/// Whether a call names an address, or connects by sending (TCP Fast Open).
pub(crate) fn names_an_address(address: *const sockaddr, flags: c_int) -> bool {
    !address.is_null() || flags & libc::MSG_FASTOPEN != 0
}

/// Whether a message names an address, or may pass on a descriptor that matters.
///
/// # Safety
/// `message` is null or points to a message header.
pub(crate) unsafe fn message_names_an_address(message: *const msghdr, flags: c_int) -> bool {
    // SAFETY: forwarded.
    unsafe { message.as_ref() }.is_some_and(|message| {
        names_an_address(message.msg_name.cast(), flags)
            || (parking::is_busy() && !message.msg_control.is_null())
    })
}

/// Whether packets can be made on such a socket that no route could ever be asked about.
pub(crate) fn makes_packets(domain: c_int, kind: c_int) -> bool {
    domain == libc::AF_PACKET || (domain == libc::AF_INET && kind & 0xf == SOCK_PACKET)
}

/// Decides about a sendto(2) that names an address.
pub(crate) fn sendto(
    progress: &mut Progress,
    fd: c_int,
    bytes: *const c_void,
    count: size_t,
    flags: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> Verdict<ssize_t> {
    if flags & libc::MSG_FASTOPEN == 0 {
        // SAFETY: the application's own pointer and length.
        return gate_or(fd, flags, || unsafe { send(fd, address, length, flags) });
    }
    // SAFETY: the application's own bytes; the connection stands.
    fast_open(progress, fd, address, length, || unsafe {
        real::sendto(fd, bytes, count, without_fast_open(flags), std::ptr::null(), 0)
    })
}

/// Decides about a sendmsg(2) that names an address or passes descriptors on.
pub(crate) fn sendmsg(
    progress: &mut Progress,
    fd: c_int,
    message: *const msghdr,
    flags: c_int,
) -> Verdict<ssize_t> {
    // SAFETY: the row asked for a message that is not null.
    let header = unsafe { &*message };
    if flags & libc::MSG_FASTOPEN == 0 {
        if let Some(done) = rights::open_among(header) {
            return Verdict::Wait(parking::until_done(done));
        }
        // SAFETY: the application's own pointer and length.
        return gate_or(fd, flags, || unsafe { send(fd, header.msg_name.cast(), header.msg_namelen, flags) });
    }
    let connected = msghdr { msg_name: std::ptr::null_mut(), msg_namelen: 0, ..*header };
    // SAFETY: the application's own message, without its address; the connection stands.
    fast_open(progress, fd, header.msg_name.cast(), header.msg_namelen, || unsafe {
        real::sendmsg(fd, &connected, without_fast_open(flags))
    })
}

fn gate_or<T>(fd: c_int, flags: c_int, otherwise: impl FnOnce() -> Verdict<T>) -> Verdict<T> {
    match if parking::concerns(fd) { parking::gate(fd, flags) } else { Verdict::Direct } {
        Verdict::Direct => otherwise(),
        verdict => verdict,
    }
}

/// TCP Fast Open connects by sending (tcp(7)): here it connects through the proxy first, then sends what fits.
fn fast_open(
    progress: &mut Progress,
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
    send: impl FnOnce() -> ssize_t,
) -> Verdict<ssize_t> {
    match connect::connect(progress, fd, address, length) {
        Verdict::Direct => Verdict::Direct,
        Verdict::Wait(wait) => Verdict::Wait(wait),
        Verdict::Fail(errno) => Verdict::Fail(errno),
        Verdict::Done(_) => match send() {
            sent if sent < 0 => Verdict::Fail(crate::errno::current()),
            sent => Verdict::Done(sent),
        },
    }
}

/// What is sent fits into the buffers of a connection just made, or goes in part: nothing may block in here.
fn without_fast_open(flags: c_int) -> c_int {
    (flags & !libc::MSG_FASTOPEN) | libc::MSG_DONTWAIT
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
    if parking::concerns(fd) {
        return parking::gate(fd, flags);
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

/// A stream ignores the address, but for TCP Fast Open; several messages at a time are not carried that way.
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
