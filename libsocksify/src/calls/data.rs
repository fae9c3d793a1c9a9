//! Calls that move data. On a stream whose dialogue with a proxy goes on they find it still connecting: an early write
//! would end up in the dialogue. On a datagram socket with targets behind a proxy they go through its association, every
//! one of them as a message.

use std::os::fd::RawFd;

use libc::{
    c_int, c_uint, c_void, iovec, mmsghdr, msghdr, off_t, size_t, sockaddr, socklen_t, ssize_t, timespec,
};

use crate::association::{self, Pace};
use crate::interpose::Verdict;
use crate::parking::{self, gate};

/// Whether a call on this descriptor has to be looked at: a load each where no proxy is at work for this process.
pub(crate) fn concerns(fd: c_int) -> bool {
    parking::concerns(fd) || association::concerns(fd)
}

/// read(2).
pub(crate) fn read(pace: &mut Pace, fd: c_int, buffer: *mut c_void, count: size_t) -> Verdict<ssize_t> {
    // read(2) of no bytes takes no datagram.
    if count == 0 { gate(fd, 0) } else { recv(pace, fd, buffer, count, 0) }
}

/// read(2) as `_FORTIFY_SOURCE` calls it; an overrun is libc's to end.
pub(crate) fn read_chk(
    pace: &mut Pace,
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
    room: size_t,
) -> Verdict<ssize_t> {
    if count > room { Verdict::Direct } else { read(pace, fd, buffer, count) }
}

/// write(2).
pub(crate) fn write(pace: &mut Pace, fd: c_int, bytes: *const c_void, count: size_t) -> Verdict<ssize_t> {
    send(pace, fd, bytes, count, 0)
}

/// readv(2).
pub(crate) fn readv(pace: &mut Pace, fd: c_int, vector: *const iovec, count: c_int) -> Verdict<ssize_t> {
    readv_with(pace, fd, vector, count, 0)
}

fn readv_with(
    pace: &mut Pace,
    fd: c_int,
    vector: *const iovec,
    count: c_int,
    flags: c_int,
) -> Verdict<ssize_t> {
    // Without room no datagram is taken; sock_read_iter() of the kernel, unlike recvmsg(2).
    match usize::try_from(count) {
        Ok(count) if has_room(vector, count) => receive(pace, fd, &mut message(vector, count), flags),
        _ => gate(fd, flags),
    }
}

/// writev(2).
pub(crate) fn writev(pace: &mut Pace, fd: c_int, vector: *const iovec, count: c_int) -> Verdict<ssize_t> {
    writev_with(pace, fd, vector, count, 0)
}

fn writev_with(
    pace: &mut Pace,
    fd: c_int,
    vector: *const iovec,
    count: c_int,
    flags: c_int,
) -> Verdict<ssize_t> {
    // Without a byte nothing is sent, unlike by write(2).
    match usize::try_from(count) {
        Ok(count) if has_room(vector, count) => transmit(pace, fd, &message(vector, count), flags),
        _ => gate(fd, flags),
    }
}

/// preadv2(2): with an offset of -1 it is readv(2), with any other nothing for a socket.
pub(crate) fn preadv2(
    pace: &mut Pace,
    fd: c_int,
    vector: *const iovec,
    count: c_int,
    offset: off_t,
    flags: c_int,
) -> Verdict<ssize_t> {
    if offset != -1 {
        return gate(fd, without_waiting(flags));
    }
    readv_with(pace, fd, vector, count, without_waiting(flags))
}

/// pwritev2(2): with an offset of -1 it is writev(2), with any other nothing for a socket.
pub(crate) fn pwritev2(
    pace: &mut Pace,
    fd: c_int,
    vector: *const iovec,
    count: c_int,
    offset: off_t,
    flags: c_int,
) -> Verdict<ssize_t> {
    if offset != -1 {
        return gate(fd, without_waiting(flags));
    }
    writev_with(pace, fd, vector, count, without_waiting(flags))
}

fn without_waiting(flags: c_int) -> c_int {
    if flags & libc::RWF_NOWAIT != 0 { libc::MSG_DONTWAIT } else { 0 }
}

/// recv(2).
pub(crate) fn recv(
    pace: &mut Pace,
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
    flags: c_int,
) -> Verdict<ssize_t> {
    receive(pace, fd, &mut message(&iovec { iov_base: buffer, iov_len: count }, 1), flags)
}

/// recv(2) as `_FORTIFY_SOURCE` calls it.
pub(crate) fn recv_chk(
    pace: &mut Pace,
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
    room: size_t,
    flags: c_int,
) -> Verdict<ssize_t> {
    if count > room { Verdict::Direct } else { recv(pace, fd, buffer, count, flags) }
}

/// recvfrom(2).
pub(crate) fn recvfrom(
    pace: &mut Pace,
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
    flags: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> Verdict<ssize_t> {
    let part = iovec { iov_base: buffer, iov_len: count };
    // SAFETY: the application's own length.
    let is_no_length = || length.is_null() || unsafe { length.read_unaligned() }.cast_signed() < 0;
    // An address without a length is the kernel's to refuse.
    if !address.is_null() && is_no_length() {
        return gate(fd, flags);
    }
    let mut message = message(&part, 1);
    if !address.is_null() {
        // SAFETY: as above.
        (message.msg_name, message.msg_namelen) = (address.cast(), unsafe { length.read_unaligned() });
    }
    let verdict = receive(pace, fd, &mut message, flags);
    if let (Verdict::Done(_), false) = (&verdict, address.is_null()) {
        // SAFETY: as above.
        unsafe { length.write_unaligned(message.msg_namelen) };
    }
    verdict
}

/// recvfrom(2) as `_FORTIFY_SOURCE` calls it.
pub(crate) fn recvfrom_chk(
    pace: &mut Pace,
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
    room: size_t,
    flags: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> Verdict<ssize_t> {
    if count > room { Verdict::Direct } else { recvfrom(pace, fd, buffer, count, flags, address, length) }
}

/// recvmsg(2).
pub(crate) fn recvmsg(pace: &mut Pace, fd: c_int, message: *mut msghdr, flags: c_int) -> Verdict<ssize_t> {
    // SAFETY: null or the application's own message.
    match unsafe { message.as_mut() } {
        Some(message) => receive(pace, fd, message, flags),
        None => gate(fd, flags),
    }
}

/// recvmmsg(2). Its time limit is looked at after each datagram, as the kernel does.
pub(crate) fn recvmmsg(
    pace: &mut Pace,
    fd: c_int,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
    timeout: *mut timespec,
) -> Verdict<c_int> {
    // SAFETY: null or the application's own time.
    let limit = unsafe { timeout.as_ref() };
    // A time that is none is the kernel's to refuse.
    if parking::concerns(fd) || messages.is_null() || limit.is_some_and(|limit| !is_time(limit)) {
        return gate(fd, flags);
    }
    pace.limit_to(limit);
    while pace.done < count {
        // SAFETY: one of the application's messages.
        let entry = unsafe { &mut *messages.add(pace.done as usize) };
        let waits = pace.done == 0 || flags & libc::MSG_WAITFORONE == 0;
        let own = (flags & !libc::MSG_WAITFORONE) | if waits { 0 } else { libc::MSG_DONTWAIT };
        match receive(pace, fd, &mut entry.msg_hdr, own) {
            Verdict::Done(length) => {
                entry.msg_len = length as c_uint;
                pace.done += 1;
                if pace.is_over_limit() {
                    break;
                }
            }
            Verdict::Wait(wait) => return Verdict::Wait(wait),
            Verdict::Fail(errno) | Verdict::Tell(_, errno) if pace.done == 0 => return Verdict::Fail(errno),
            Verdict::Fail(_) | Verdict::Tell(..) => break,
            Verdict::Direct => return Verdict::Direct,
        }
    }
    Verdict::Done(pace.done as c_int)
}

/// send(2).
pub(crate) fn send(
    pace: &mut Pace,
    fd: c_int,
    bytes: *const c_void,
    count: size_t,
    flags: c_int,
) -> Verdict<ssize_t> {
    transmit(pace, fd, &message(&iovec { iov_base: bytes.cast_mut(), iov_len: count }, 1), flags)
}

/// sendfile(2): nothing that goes in front of a datagram would go with it. Programs then copy.
pub(crate) fn sendfile((): &mut (), out: c_int, _: c_int, _: *mut off_t, _: size_t) -> Verdict<ssize_t> {
    without_header(out, 0)
}

/// splice(2): either end may be such a socket.
pub(crate) fn splice(
    (): &mut (),
    from: RawFd,
    _: *mut libc::loff_t,
    to: RawFd,
    _: *mut libc::loff_t,
    _: size_t,
    flags: c_uint,
) -> Verdict<ssize_t> {
    let flags = if flags & libc::SPLICE_F_NONBLOCK != 0 { libc::MSG_DONTWAIT } else { 0 };
    match without_header(from, flags) {
        Verdict::Direct => without_header(to, flags),
        verdict => verdict,
    }
}

fn without_header(fd: c_int, flags: c_int) -> Verdict<ssize_t> {
    match gate(fd, flags) {
        Verdict::Direct if association::of(fd).is_some() => Verdict::Fail(libc::EINVAL),
        verdict => verdict,
    }
}

fn is_time(time: &timespec) -> bool {
    time.tv_sec >= 0 && (0..1_000_000_000).contains(&time.tv_nsec)
}

/// As many parts as readv(2) and writev(2) take (UIO_MAXIOV); more are the kernel's to refuse, with another errno than those
/// of a message.
const MOST_PARTS: usize = 1024;

fn has_room(parts: *const iovec, count: usize) -> bool {
    // SAFETY: the application's own parts.
    !parts.is_null()
        && count <= MOST_PARTS
        && (0..count).any(|index| unsafe { (*parts.add(index)).iov_len } > 0)
}

/// A message of these parts, from or to nobody in particular.
pub(super) fn message(parts: *const iovec, count: usize) -> msghdr {
    // SAFETY: an all-zero message is an empty one.
    let empty: msghdr = unsafe { std::mem::zeroed() };
    msghdr { msg_iov: parts.cast_mut(), msg_iovlen: count as _, ..empty }
}

fn receive(pace: &mut Pace, fd: c_int, message: &mut msghdr, flags: c_int) -> Verdict<ssize_t> {
    match gate(fd, flags) {
        Verdict::Direct => association::receive(pace, fd, message, flags),
        verdict => verdict,
    }
}

/// A datagram to whom the socket is connected.
fn transmit(pace: &mut Pace, fd: c_int, message: &msghdr, flags: c_int) -> Verdict<ssize_t> {
    match gate(fd, flags) {
        Verdict::Direct => association::send_to_peer(pace, fd, message, flags),
        verdict => verdict,
    }
}
