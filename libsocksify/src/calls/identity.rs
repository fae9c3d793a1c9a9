//! getpeername(2) and its relatives: the application is told what it asked for, not what had to be done for it.

use libc::{c_int, sockaddr, socklen_t};

use super::listen::{self, Answer};
use crate::interpose::Verdict;
use crate::{address, callback, descriptors, errno, parking, replacement, sys};

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

/// Answers for a socket that took an IPv4 socket's place, and for what waits at a proxy, or may: a program that asks for the
/// address of a socket before it listens is about to tell it to somebody.
pub(crate) fn getsockname(
    progress: &mut listen::Progress,
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> Verdict<c_int> {
    // SAFETY: the application's own pointers.
    if !unsafe { address::is_buffer(address, length) } {
        return Verdict::Direct;
    }
    let own = match (callback::name(fd).or_else(|| replacement::own_address(fd)), &progress) {
        (Some(own), _) => own,
        (None, listen::Progress::Fresh) if !callback::may_be_named(fd) => return Verdict::Direct,
        (None, _) => match asked(progress, fd) {
            Answer::At(own) => own,
            Answer::Wait(wait) => return Verdict::Wait(wait),
            Answer::Local => return Verdict::Direct,
            // listen(2) will ask again, and say why not. Who does not heed it must not tell an address of this machine.
            Answer::Refused(_) => match sys::own_address(fd) {
                Some(own) => address::anywhere(own),
                None => return Verdict::Direct,
            },
        },
    };
    // SAFETY: the application's own buffer and length.
    unsafe { address::write(own, address, length) };
    Verdict::Done(0)
}

fn asked(progress: &mut listen::Progress, fd: c_int) -> Answer {
    if callback::is_waiting(fd) && matches!(progress, listen::Progress::Fresh) {
        return listen::ask_again(progress, fd);
    }
    listen::ask(progress, fd)
}
