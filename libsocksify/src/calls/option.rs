//! getsockopt(2) where our answer differs from the kernel's, and shutdown(2) on a socket whose dialogue with a proxy goes
//! on or has failed, or whose datagrams go through one.

use libc::{c_int, c_ulong, c_void, socklen_t};

use crate::interpose::Verdict;
use crate::parking::{self, Status};
use crate::{association, callback, descriptors};

/// Whether an option tells what became of a connection attempt.
pub(crate) fn tells_outcome(level: c_int, name: c_int) -> bool {
    level == libc::SOL_SOCKET && name == libc::SO_ERROR
}

/// Whether an option is one that we may have changed.
pub(crate) fn is_ipv6_only(level: c_int, name: c_int) -> bool {
    level == libc::IPPROTO_IPV6 && name == libc::IPV6_V6ONLY
}

/// SO_ERROR: 0 as long as the dialogue goes on, then its outcome, once. IPV6_V6ONLY: as the application set it.
pub(crate) fn getsockopt(
    (): &mut (),
    fd: c_int,
    level: c_int,
    name: c_int,
    value: *mut c_void,
    length: *mut socklen_t,
) -> Verdict<c_int> {
    if value.is_null() || length.is_null() {
        return Verdict::Direct;
    }
    let answer = match (level, name) {
        _ if is_ipv6_only(level, name) => ipv6_only(fd),
        _ if association::is_offload(level, name) => association::offload(fd, name),
        _ => outcome(fd),
    };
    let Some(answer) = answer else { return Verdict::Direct };
    // SAFETY: the application's own buffer, written to no further than the length it states.
    unsafe {
        let room = (length.read_unaligned() as usize).min(size_of::<c_int>());
        std::ptr::copy_nonoverlapping((&raw const answer).cast::<u8>(), value.cast(), room);
        length.write_unaligned(room as socklen_t);
    }
    Verdict::Done(0)
}

fn outcome(fd: c_int) -> Option<c_int> {
    match parking::status(fd) {
        Status::Plain => association::take_error(fd),
        Status::Open(_) => Some(0),
        Status::Failed(errno) => Some(errno),
    }
}

fn ipv6_only(fd: c_int) -> Option<c_int> {
    descriptors::identity(fd).filter(|identity| identity.ipv6_only).map(|_| 1)
}

/// FIONREAD, where the kernel counts a header that is none of the application's business.
pub(crate) fn ioctl((): &mut (), fd: c_int, _request: c_ulong, argument: usize) -> Verdict<c_int> {
    let place = argument as *mut c_int;
    match association::waiting_bytes(fd) {
        Some(count) if !place.is_null() => {
            // SAFETY: the application's own integer.
            unsafe { place.write_unaligned(count) };
            Verdict::Done(0)
        }
        _ => Verdict::Direct,
    }
}

/// Ends the attempt, as the kernel does with one of its own; a listener that is shut down waits nowhere.
pub(crate) fn shutdown((): &mut (), fd: c_int, how: c_int) -> Verdict<c_int> {
    if [libc::SHUT_RD, libc::SHUT_RDWR].contains(&how) {
        callback::given_up(fd);
    }
    if parking::abort(fd) { Verdict::Done(0) } else { Verdict::Direct }
}
