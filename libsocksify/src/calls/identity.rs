//! getpeername(2): the application is told the address it asked for, not the proxy's.

use libc::{c_int, sockaddr, socklen_t};

use crate::interpose::Verdict;
use crate::{address, descriptors, errno, parking, sys};

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
    let Some(target) = descriptors::target(fd) else { return Verdict::Direct };
    if address.is_null() || length.is_null() {
        return Verdict::Direct;
    }
    if sys::connected_to(fd).is_none() {
        return Verdict::Fail(errno::current());
    }
    // SAFETY: the application's own buffer and length.
    unsafe { address::write(target, address, length) };
    Verdict::Done(0)
}
