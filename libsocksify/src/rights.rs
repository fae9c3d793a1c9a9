//! Descriptors passed to other processes; unix(7), SCM_RIGHTS. Who receives a socket whose dialogue with a proxy goes on
//! knows nothing of it, so the message waits for the end; one with targets behind a proxy is received as such.

use std::os::fd::RawFd;

use libc::{cmsghdr, msghdr};

use crate::interpose::as_our_own;
use crate::{association, confinement, parking};

/// A descriptor among those a message passes on whose dialogue goes on: what its end is signalled by.
pub(crate) fn open_among(message: &msghdr) -> Option<RawFd> {
    if !parking::is_busy() {
        return None;
    }
    let mut found = None;
    each(message, |fd| {
        if found.is_none() && parking::concerns(fd) {
            found = parking::open(fd);
        }
    });
    found
}

/// Sees to it that a socket with targets behind a proxy is still one where it is received.
pub(crate) fn hand_on(message: &msghdr) {
    if association::any() {
        each(message, association::pass_on);
    }
}

/// Takes over such sockets among the descriptors that came with a message.
pub(crate) fn adopt(message: &msghdr) {
    if !message.msg_control.is_null() && message.msg_controllen > 0 && !confinement::is_in_force() {
        let mut brings_any = false;
        each(message, |_| brings_any = true);
        if brings_any {
            as_our_own(|| each(message, association::adopt));
        }
    }
}

fn each(message: &msghdr, mut body: impl FnMut(RawFd)) {
    if message.msg_control.is_null() {
        return;
    }
    // SAFETY: the application's own control buffer, walked as cmsg(3) says.
    unsafe {
        let mut header: *mut cmsghdr = libc::CMSG_FIRSTHDR(message);
        while let Some(control) = header.as_ref() {
            if (control.cmsg_level, control.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                let data = libc::CMSG_DATA(header).cast::<RawFd>();
                let bytes = control.cmsg_len.saturating_sub(libc::CMSG_LEN(0) as usize);
                (0..bytes / size_of::<RawFd>()).for_each(|index| body(data.add(index).read_unaligned()));
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
}
