//! getsockopt(2) with SO_ERROR, and shutdown(2), on a socket whose dialogue with a proxy goes on or has failed.

use libc::{c_int, c_void, socklen_t};

use crate::interpose::Verdict;
use crate::parking::{self, Status};

/// Whether an option tells what became of a connection attempt.
pub(crate) fn tells_outcome(level: c_int, name: c_int) -> bool {
    level == libc::SOL_SOCKET && name == libc::SO_ERROR
}

/// SO_ERROR: 0 as long as the dialogue goes on, then its outcome, once.
pub(crate) fn getsockopt(
    (): &mut (),
    fd: c_int,
    _level: c_int,
    _name: c_int,
    value: *mut c_void,
    length: *mut socklen_t,
) -> Verdict<c_int> {
    if value.is_null() || length.is_null() {
        return Verdict::Direct;
    }
    let outcome = match parking::status(fd) {
        Status::Plain => return Verdict::Direct,
        Status::Open(_) => 0,
        Status::Failed(errno) => errno,
    };
    // SAFETY: the application's own buffer, written to no further than the length it states.
    unsafe {
        let room = (length.read_unaligned() as usize).min(size_of::<c_int>());
        std::ptr::copy_nonoverlapping((&raw const outcome).cast::<u8>(), value.cast(), room);
        length.write_unaligned(room as socklen_t);
    }
    Verdict::Done(0)
}

/// Ends the attempt, as the kernel does with one of its own.
pub(crate) fn shutdown((): &mut (), fd: c_int, _how: c_int) -> Verdict<c_int> {
    if parking::abort(fd) { Verdict::Done(0) } else { Verdict::Direct }
}
