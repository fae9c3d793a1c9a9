//! Calls that receive, after the kernel has answered them: while they waited, their socket may have got its first target
//! behind a proxy, and what they received may be such a socket. Two loads where there is none.

use libc::{c_int, c_uint, c_void, iovec, mmsghdr, msghdr, size_t, sockaddr, socklen_t, ssize_t, timespec};

use super::data::message;
use crate::{association, rights};

/// read(2).
pub(crate) fn read(result: ssize_t, fd: c_int, buffer: *mut c_void, count: size_t) -> ssize_t {
    recv(result, fd, buffer, count, 0)
}

/// read(2) as `_FORTIFY_SOURCE` calls it.
pub(crate) fn read_chk(result: ssize_t, fd: c_int, buffer: *mut c_void, count: size_t, _: size_t) -> ssize_t {
    recv(result, fd, buffer, count, 0)
}

/// readv(2).
pub(crate) fn readv(result: ssize_t, fd: c_int, vector: *const iovec, count: c_int) -> ssize_t {
    if !concerns(result, fd) {
        return result;
    }
    association::received(fd, &mut message(vector, usize::try_from(count).unwrap_or(0)), 0, result)
}

/// recv(2).
pub(crate) fn recv(result: ssize_t, fd: c_int, buffer: *mut c_void, count: size_t, flags: c_int) -> ssize_t {
    if !concerns(result, fd) {
        return result;
    }
    let part = iovec { iov_base: buffer, iov_len: count };
    association::received(fd, &mut message(&part, 1), flags, result)
}

/// recv(2) as `_FORTIFY_SOURCE` calls it.
pub(crate) fn recv_chk(
    result: ssize_t,
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
    _: size_t,
    flags: c_int,
) -> ssize_t {
    recv(result, fd, buffer, count, flags)
}

/// recvfrom(2).
pub(crate) fn recvfrom(
    result: ssize_t,
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
    flags: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> ssize_t {
    if !concerns(result, fd) {
        return result;
    }
    let part = iovec { iov_base: buffer, iov_len: count };
    let mut message = message(&part, 1);
    if !address.is_null() && !length.is_null() {
        // SAFETY: the length the kernel has just written.
        (message.msg_name, message.msg_namelen) = (address.cast(), unsafe { length.read_unaligned() });
    }
    association::received(fd, &mut message, flags, result)
}

/// recvfrom(2) as `_FORTIFY_SOURCE` calls it.
pub(crate) fn recvfrom_chk(
    result: ssize_t,
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
    _: size_t,
    flags: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> ssize_t {
    recvfrom(result, fd, buffer, count, flags, address, length)
}

/// recvmsg(2).
pub(crate) fn recvmsg(result: ssize_t, fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
    // SAFETY: null or the application's own message.
    match unsafe { message.as_mut() } {
        Some(message) if result >= 0 => {
            rights::adopt(message);
            if concerns(result, fd) { association::received(fd, message, flags, result) } else { result }
        }
        _ => result,
    }
}

/// recvmmsg(2).
pub(crate) fn recvmmsg(
    result: c_int,
    _: c_int,
    messages: *mut mmsghdr,
    _: c_uint,
    _: c_int,
    _: *mut timespec,
) -> c_int {
    for index in 0..usize::try_from(result).unwrap_or(0) {
        // SAFETY: as many messages as the kernel has just filled.
        rights::adopt(unsafe { &(*messages.add(index)).msg_hdr });
    }
    result
}

fn concerns(result: ssize_t, fd: c_int) -> bool {
    result > 0 && association::concerns(fd)
}
