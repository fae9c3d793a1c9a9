//! Descriptors passed to other processes; unix(7), SCM_RIGHTS. Who receives a socket whose dialogue with a proxy goes on
//! knows nothing of it, so the message waits for the end.

use std::os::fd::RawFd;

use libc::{cmsghdr, msghdr};

use crate::parking;

/// A descriptor among those a message passes on whose dialogue goes on: what its end is signalled by.
pub(crate) fn open_among(message: &msghdr) -> Option<RawFd> {
    let mut found = None;
    each(message, |fd| {
        if found.is_none() && parking::concerns(fd) {
            found = parking::open(fd);
        }
    });
    found
}

fn each(message: &msghdr, mut body: impl FnMut(RawFd)) {
    if message.msg_control.is_null() || !parking::is_busy() {
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
