//! sendto(2), sendmsg(2), sendmmsg(2) and socket(2): what would leave this machine without a connection a proxy knows
//! of goes through an association where it is UDP, and is refused otherwise, unless a route sends it direct.

use std::io;
use std::net::SocketAddr;

use libc::{c_int, c_uint, c_void, iovec, mmsghdr, msghdr, size_t, sockaddr, socklen_t, ssize_t};

use crate::association::{self, Pace};
use crate::calls::connect;
use crate::hooks::real;
use crate::interpose::{self, Verdict};
use crate::policy::{self, Path};
use crate::sys::Kind;
use crate::{address, multicast, parking, rights, sys};

/// The type of socket(2) that is a packet socket in disguise (packet(7)).
const SOCK_PACKET: c_int = 10;

/// How far a call is.
#[derive(Default)]
pub(crate) struct Progress {
    connect: connect::Progress,
    pace: Pace,
}

impl interpose::Progress for Progress {
    fn woken(&mut self, interrupted: bool) {
        self.connect.woken(interrupted);
        self.pace.woken(interrupted);
    }
}

/// Whether a call names an address that may not be here, or connects by sending (TCP Fast Open).
///
/// # Safety
/// `address` is null or points to `length` readable bytes.
pub(crate) unsafe fn leaves(address: *const sockaddr, length: socklen_t, flags: c_int) -> bool {
    // SAFETY: forwarded.
    unsafe { address::may_leave(address, length) || flags & libc::MSG_FASTOPEN != 0 }
}

/// Whether a message names an address that may not be here, or may pass on a descriptor that matters.
///
/// # Safety
/// `message` is null or points to a message header.
pub(crate) unsafe fn message_leaves(message: *const msghdr, flags: c_int) -> bool {
    // SAFETY: forwarded.
    unsafe { message.as_ref() }.is_some_and(|message| {
        let may_matter = || parking::is_busy() || association::any();
        let passes_on = !message.msg_control.is_null() && may_matter();
        // SAFETY: forwarded.
        passes_on || unsafe { leaves(message.msg_name.cast(), message.msg_namelen, flags) }
    })
}

/// Whether any of several messages does.
///
/// # Safety
/// `messages` is null or points to `count` messages.
pub(crate) unsafe fn any_leaves(messages: *const mmsghdr, count: c_uint, flags: c_int) -> bool {
    let count = if messages.is_null() { 0 } else { count as usize };
    // SAFETY: forwarded.
    (0..count).any(|index| unsafe { message_leaves(&raw const (*messages.add(index)).msg_hdr, flags) })
}

/// Whether a socket is none of those whose every packet passes our hooks: streams, datagrams and raw packets of IP (all
/// with the address where we look for it), and families that stay on this machine.
pub(crate) fn escapes(domain: c_int, kind: c_int, protocol: c_int) -> bool {
    match domain {
        domain if sys::family_stays_here(domain) => false,
        libc::AF_INET | libc::AF_INET6 => {
            kind & 0xf == SOCK_PACKET || [libc::IPPROTO_SCTP, libc::IPPROTO_DCCP].contains(&protocol)
        }
        // Numbers no kernel knows are for the kernel to refuse.
        _ => domain > 0,
    }
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
    if !opens_fast(fd, flags) {
        let part = iovec { iov_base: bytes.cast_mut(), iov_len: count };
        // SAFETY: an all-zero message is an empty one.
        let empty: msghdr = unsafe { std::mem::zeroed() };
        let message = msghdr {
            msg_name: address.cast_mut().cast(),
            msg_namelen: length,
            msg_iov: (&raw const part).cast_mut(),
            msg_iovlen: 1,
            ..empty
        };
        // SAFETY: the application's own pointers and lengths.
        return gate_or(fd, flags, || unsafe { send(&mut progress.pace, fd, &message, flags) });
    }
    // SAFETY: the application's own bytes; the connection stands.
    fast_open(&mut progress.connect, fd, address, length, || unsafe {
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
    if !opens_fast(fd, flags) {
        if let Some(done) = rights::open_among(header) {
            return later(fd, flags, done);
        }
        rights::hand_on(header);
        // SAFETY: the application's own message.
        return gate_or(fd, flags, || unsafe { send(&mut progress.pace, fd, header, flags) });
    }
    let connected = msghdr { msg_name: std::ptr::null_mut(), msg_namelen: 0, ..*header };
    // SAFETY: the application's own message, without its address; the connection stands.
    fast_open(&mut progress.connect, fd, header.msg_name.cast(), header.msg_namelen, || unsafe {
        real::sendmsg(fd, &connected, without_fast_open(flags))
    })
}

/// A message that cannot go yet: as one for which there is no room.
fn later<T>(fd: c_int, flags: c_int, done: c_int) -> Verdict<T> {
    if flags & libc::MSG_DONTWAIT != 0 || sys::is_nonblocking(fd) {
        return Verdict::Fail(libc::EAGAIN);
    }
    Verdict::Wait(parking::until_done(done))
}

fn gate_or<T>(fd: c_int, flags: c_int, otherwise: impl FnOnce() -> Verdict<T>) -> Verdict<T> {
    match if parking::concerns(fd) { parking::gate(fd, flags) } else { Verdict::Direct } {
        Verdict::Direct => otherwise(),
        verdict => verdict,
    }
}

/// Whether a call connects by sending. On all but streams the kernel ignores the flag, and so do we: there an address means what
/// it does without.
fn opens_fast(fd: c_int, flags: c_int) -> bool {
    flags & libc::MSG_FASTOPEN != 0 && Kind::of(fd).is_ok_and(Kind::is_tcp)
}

/// TCP Fast Open connects by sending (tcp(7)): here it connects through the proxy first, then sends what fits.
fn fast_open(
    progress: &mut connect::Progress,
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
    send: impl FnOnce() -> ssize_t,
) -> Verdict<ssize_t> {
    match connect::connect(progress, fd, address, length) {
        Verdict::Direct => Verdict::Direct,
        Verdict::Wait(wait) => Verdict::Wait(wait),
        Verdict::Fail(errno) | Verdict::Tell(_, errno) => Verdict::Fail(errno),
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

/// Decides about a sendmmsg(2), message by message: none that may not leave goes with the others.
pub(crate) fn sendmmsg(
    progress: &mut Progress,
    fd: c_int,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
) -> Verdict<c_int> {
    if parking::concerns(fd) {
        return parking::gate(fd, flags);
    }
    match Kind::of(fd) {
        Ok(kind) if kind.is_udp() => each(&mut progress.pace, fd, messages, count, flags),
        Ok(_) => all_or_none(&mut progress.pace, fd, messages, count, flags),
        Err(error) => uninspectable(&error),
    }
}

/// Sends messages one after the other, as the kernel does: the first that fails ends it, and is an error where it is the
/// very first.
fn each(pace: &mut Pace, fd: c_int, messages: *mut mmsghdr, count: c_uint, flags: c_int) -> Verdict<c_int> {
    let count = if messages.is_null() { 0 } else { count.min(MOST_MESSAGES) };
    while pace.done < count {
        // SAFETY: the application's own array of `count` messages.
        let message = unsafe { &mut *messages.add(pace.done as usize) };
        // SAFETY: one of them.
        let sent = match unsafe { send(pace, fd, &message.msg_hdr, flags) } {
            Verdict::Done(sent) => Ok(sent),
            Verdict::Wait(wait) => return Verdict::Wait(wait),
            Verdict::Fail(errno) | Verdict::Tell(_, errno) => Err(errno),
            Verdict::Direct => directly(fd, &message.msg_hdr, flags),
        };
        match sent {
            Ok(sent) => message.msg_len = sent as c_uint,
            // What there is no room for waits as long as the application would.
            Err(libc::EAGAIN) if association::blocks(fd, flags) => {
                if let Verdict::Wait(wait) = pace.until_writable::<c_int>(fd, flags) {
                    return Verdict::Wait(wait);
                }
                break;
            }
            Err(errno) if pace.done == 0 => return Verdict::Fail(errno),
            Err(_) => break,
        }
        pace.done += 1;
    }
    Verdict::Done(pace.done as c_int)
}

/// As many messages as the kernel takes at once; sendmmsg(2), UIO_MAXIOV.
const MOST_MESSAGES: c_uint = 1024;

/// One message that the kernel may have as it is, among others.
fn directly(fd: c_int, message: &msghdr, flags: c_int) -> Result<ssize_t, c_int> {
    // SAFETY: the application's own message.
    match unsafe { real::sendmsg(fd, message, flags | libc::MSG_DONTWAIT) } {
        sent if sent < 0 => Err(crate::errno::current()),
        sent => Ok(sent),
    }
}

/// Several messages of another socket: one message that may not leave stops them all.
fn all_or_none(
    pace: &mut Pace,
    fd: c_int,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
) -> Verdict<c_int> {
    for index in 0..count as usize {
        // SAFETY: the application's own array of `count` messages.
        let verdict = unsafe {
            let message = &(*messages.add(index)).msg_hdr;
            if let Some(done) = rights::open_among(message) {
                return later(fd, flags, done);
            }
            rights::hand_on(message);
            if !message_leaves(message, flags) {
                continue;
            }
            send(pace, fd, message, flags)
        };
        if let Verdict::Fail(errno) = verdict {
            return Verdict::Fail(errno);
        }
    }
    Verdict::Direct
}

/// Decides about a socket(2) whose packets we would not see.
pub(crate) fn socket((): &mut (), domain: c_int, _kind: c_int, protocol: c_int) -> Verdict<c_int> {
    if policy::lets_everything_pass() {
        return Verdict::Direct;
    }
    log::info!("a socket of family {domain}, protocol {protocol} is refused: it would go past every route");
    Verdict::Fail(libc::EACCES)
}

/// # Safety
/// The message is the application's own: its address has the length it says.
unsafe fn send(pace: &mut Pace, fd: c_int, message: &msghdr, flags: c_int) -> Verdict<ssize_t> {
    let (address, length) = (message.msg_name.cast(), message.msg_namelen);
    if let Some(domain) = association::domain(fd) {
        // SAFETY: forwarded.
        return unsafe { datagram(pace, fd, domain, message, flags) };
    }
    let kind = match Kind::of(fd) {
        Ok(kind) => kind,
        Err(error) => return uninspectable(&error),
    };
    if kind.stays_here() {
        return Verdict::Direct;
    }
    if kind.is_udp() {
        // SAFETY: forwarded.
        return unsafe { datagram(pace, fd, kind.domain, message, flags) };
    }
    // SAFETY: forwarded.
    let Some(target) = (unsafe { address::of_datagram(address, length, kind.domain) }) else {
        return if kind.is_internet() { Verdict::Direct } else { foreign() };
    };
    if kind.is_tcp() {
        return stream(fd, target, flags);
    }
    match policy::of_packet(fd, target) {
        Path::Refused(errno) => refuse(target, errno),
        _ => Verdict::Direct,
    }
}

/// A message on a UDP socket, to whomever it names or else to whom the socket is connected. What names no address the kernel
/// would take is for the kernel to refuse.
unsafe fn datagram(
    pace: &mut Pace,
    fd: c_int,
    domain: c_int,
    message: &msghdr,
    flags: c_int,
) -> Verdict<ssize_t> {
    let (name, length) = (message.msg_name.cast::<sockaddr>(), message.msg_namelen);
    if name.is_null() {
        return association::send(pace, fd, domain, None, message, flags);
    }
    // SAFETY: forwarded.
    match unsafe { address::of_datagram(name, length, domain) } {
        Some(target) if target.port() != 0 => {
            association::send(pace, fd, domain, Some(target), message, flags)
        }
        _ => Verdict::Direct,
    }
}

/// What is no socket the kernel refuses itself; what we may not look at must not pass.
pub(crate) fn uninspectable<T>(error: &io::Error) -> Verdict<T> {
    match error.raw_os_error() {
        Some(libc::EBADF | libc::ENOTSOCK) => Verdict::Direct,
        _ => Verdict::Fail(libc::EACCES),
    }
}

/// A stream ignores the address, but for TCP Fast Open; several messages at a time are not carried that way.
fn stream<T>(fd: c_int, target: SocketAddr, flags: c_int) -> Verdict<T> {
    if flags & libc::MSG_FASTOPEN == 0 || matches!(policy::of_stream(fd, target), Path::Direct) {
        return Verdict::Direct;
    }
    refuse(target, libc::EOPNOTSUPP)
}

/// Neither the socket nor the address is of the internet: frames, or a protocol we know nothing of.
fn foreign<T>() -> Verdict<T> {
    if policy::lets_everything_pass() { Verdict::Direct } else { Verdict::Fail(libc::EACCES) }
}

/// setsockopt(2) for joining a multicast group, which sends packets of its own (IGMP, MLD): as datagrams to the group; and for
/// what the kernel cannot do on a socket with targets behind a proxy.
pub(crate) fn setsockopt(
    (): &mut (),
    fd: c_int,
    level: c_int,
    name: c_int,
    value: *const c_void,
    length: socklen_t,
) -> Verdict<c_int> {
    if association::is_offload(level, name) {
        let is_whole = !value.is_null() && length as usize >= size_of::<c_int>();
        // SAFETY: an integer of the application's.
        let set = is_whole
            .then(|| association::set_offload(fd, name, unsafe { value.cast::<c_int>().read_unaligned() }));
        return match set.flatten() {
            Some(Ok(())) => Verdict::Done(0),
            Some(Err(errno)) => Verdict::Fail(errno),
            None => Verdict::Direct,
        };
    }
    // SAFETY: the application's own value.
    let Some(group) = (unsafe { multicast::group(name, value, length) }) else { return Verdict::Direct };
    match policy::of_packet(fd, SocketAddr::new(group, 0)) {
        Path::Refused(errno) => refuse(SocketAddr::new(group, 0), errno),
        _ => Verdict::Direct,
    }
}

fn refuse<T>(target: SocketAddr, errno: c_int) -> Verdict<T> {
    log::info!("datagram to {target} refused: {}", io::Error::from_raw_os_error(errno));
    Verdict::Fail(errno)
}
