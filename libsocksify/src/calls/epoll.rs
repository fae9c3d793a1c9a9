//! epoll_ctl(2): entries of a socket whose dialogue with a proxy goes on are kept by us, not by the kernel.

use libc::{c_int, epoll_event};

use crate::interpose::Verdict;
use crate::parking;

/// Changes an entry that is kept here.
pub(crate) fn epoll_ctl(
    (): &mut (),
    epoll: c_int,
    operation: c_int,
    fd: c_int,
    event: *mut epoll_event,
) -> Verdict<c_int> {
    // SAFETY: null or an event of the application's.
    let event = unsafe { event.as_ref() }.copied();
    parking::control(epoll, operation, fd, event)
}

/// Takes note of an entry the kernel has accepted.
pub(crate) fn note(_: c_int, epoll: c_int, operation: c_int, fd: c_int, event: *mut epoll_event) {
    parking::note(epoll, operation, fd, event);
}
