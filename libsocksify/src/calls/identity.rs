//! getpeername(2) and its relatives: the application is told what it asked for, not what had to be done for it.

use libc::{c_int, sockaddr, socklen_t};

use crate::interpose::Verdict;
use crate::{address, descriptors, errno, parking, replacement, sys};

/// Answers for a proxied socket; as long as it is connected at all.
pub(crate) fn getpeername(
    (): &mut (),
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> Verdict<c_int> {
    if parking::concerns(fd) && parking::open(fd).is_some() {
        return Verdict::Fail(libc::ENOTCONN);
    }
    let Some(identity) = descriptors::identity(fd) else { return Verdict::Direct };
    // SAFETY: the application's own pointers.
    if !unsafe { address::is_buffer(address, length) } {
        return Verdict::Direct;
    }
    if sys::connected_to(fd).is_none() {
        return Verdict::Fail(errno::current());
    }
    // SAFETY: the application's own buffer and length.
    unsafe { address::write(identity.target, address, length) };
    Verdict::Done(0)
}

/// Answers for a socket that took an IPv4 socket's place.
pub(crate) fn getsockname(
    (): &mut (),
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> Verdict<c_int> {
    // SAFETY: the application's own pointers.
    let has_room = |_: &_| unsafe { address::is_buffer(address, length) };
    let Some(own) = replacement::own_address(fd).filter(has_room) else {
        return Verdict::Direct;
    };
    // SAFETY: the application's own buffer and length.
    unsafe { address::write(own, address, length) };
    Verdict::Done(0)
}
