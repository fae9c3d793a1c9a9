//! Calls that move data: on a socket whose dialogue with a proxy goes on they find it still connecting. An early
//! write would end up in the dialogue.

use std::os::fd::RawFd;

use libc::{c_int, c_void, iovec, mmsghdr, msghdr, off_t, size_t, sockaddr, socklen_t, ssize_t, timespec};

use crate::interpose::Verdict;
use crate::parking::gate;

/// read(2).
pub(crate) fn read((): &mut (), fd: c_int, _: *mut c_void, _: size_t) -> Verdict<ssize_t> {
    gate(fd, 0)
}

/// read(2) as `_FORTIFY_SOURCE` calls it.
pub(crate) fn read_chk((): &mut (), fd: c_int, _: *mut c_void, _: size_t, _: size_t) -> Verdict<ssize_t> {
    gate(fd, 0)
}

/// write(2).
pub(crate) fn write((): &mut (), fd: c_int, _: *const c_void, _: size_t) -> Verdict<ssize_t> {
    gate(fd, 0)
}

/// readv(2), writev(2).
pub(crate) fn vector((): &mut (), fd: c_int, _: *const iovec, _: c_int) -> Verdict<ssize_t> {
    gate(fd, 0)
}

/// preadv2(2), pwritev2(2): with an offset of -1 they are readv(2) and writev(2).
pub(crate) fn vector_at(
    (): &mut (),
    fd: c_int,
    _: *const iovec,
    _: c_int,
    _: off_t,
    flags: c_int,
) -> Verdict<ssize_t> {
    gate(fd, if flags & libc::RWF_NOWAIT != 0 { libc::MSG_DONTWAIT } else { 0 })
}

/// recv(2).
pub(crate) fn recv((): &mut (), fd: c_int, _: *mut c_void, _: size_t, flags: c_int) -> Verdict<ssize_t> {
    gate(fd, flags)
}

/// recv(2) as `_FORTIFY_SOURCE` calls it.
pub(crate) fn recv_chk(
    (): &mut (),
    fd: c_int,
    _: *mut c_void,
    _: size_t,
    _: size_t,
    flags: c_int,
) -> Verdict<ssize_t> {
    gate(fd, flags)
}

/// recvfrom(2).
pub(crate) fn recvfrom(
    (): &mut (),
    fd: c_int,
    _: *mut c_void,
    _: size_t,
    flags: c_int,
    _: *mut sockaddr,
    _: *mut socklen_t,
) -> Verdict<ssize_t> {
    gate(fd, flags)
}

/// recvfrom(2) as `_FORTIFY_SOURCE` calls it.
pub(crate) fn recvfrom_chk(
    (): &mut (),
    fd: c_int,
    _: *mut c_void,
    _: size_t,
    _: size_t,
    flags: c_int,
    _: *mut sockaddr,
    _: *mut socklen_t,
) -> Verdict<ssize_t> {
    gate(fd, flags)
}

/// recvmsg(2).
pub(crate) fn recvmsg((): &mut (), fd: c_int, _: *mut msghdr, flags: c_int) -> Verdict<ssize_t> {
    gate(fd, flags)
}

/// recvmmsg(2).
pub(crate) fn recvmmsg(
    (): &mut (),
    fd: c_int,
    _: *mut mmsghdr,
    _: libc::c_uint,
    flags: c_int,
    _: *mut timespec,
) -> Verdict<c_int> {
    gate(fd, flags)
}

/// send(2).
pub(crate) fn send((): &mut (), fd: c_int, _: *const c_void, _: size_t, flags: c_int) -> Verdict<ssize_t> {
    gate(fd, flags)
}

/// sendfile(2).
pub(crate) fn sendfile((): &mut (), out: c_int, _: c_int, _: *mut off_t, _: size_t) -> Verdict<ssize_t> {
    gate(out, 0)
}

/// splice(2): either end may be such a socket.
pub(crate) fn splice(
    (): &mut (),
    from: RawFd,
    _: *mut libc::loff_t,
    to: RawFd,
    _: *mut libc::loff_t,
    _: size_t,
    flags: libc::c_uint,
) -> Verdict<ssize_t> {
    let flags = if flags & libc::SPLICE_F_NONBLOCK != 0 { libc::MSG_DONTWAIT } else { 0 };
    match gate(from, flags) {
        Verdict::Direct => gate(to, flags),
        verdict => verdict,
    }
}
