//! Descriptors of ours among the application's.

use std::os::fd::RawFd;

use crate::hooks::real;
use crate::sys::{close, cookie, duplicate_out_of_the_way, moved, set_close_on_exec, tcp_socket};

/// A socket of ours among the application's descriptors. Programs close descriptors they know nothing of, and get
/// their numbers again: it is touched only while it is still the socket it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) fd: RawFd,
    cookie: u64,
}

impl Own {
    /// Another descriptor for a socket of the application's.
    pub(crate) fn copy_of(fd: RawFd) -> Option<Own> {
        let cookie = cookie(fd).ok()?;
        duplicate_out_of_the_way(fd).map(|fd| Own { fd, cookie })
    }

    /// A fresh socket of ours.
    pub(crate) fn adopt(fd: RawFd) -> Option<Own> {
        let Ok(cookie) = cookie(fd) else {
            close(fd);
            return None;
        };
        Some(Own { fd, cookie })
    }

    /// One that was inherited from the program before, if it still is what it was.
    pub(crate) fn inherited(fd: RawFd, cookie: u64) -> Option<Own> {
        let inherited = Own { fd, cookie };
        inherited.is_intact().then(|| set_close_on_exec(fd, true)).map(|()| inherited)
    }

    /// The number of the socket, which no other has.
    pub(crate) fn cookie(self) -> u64 {
        self.cookie
    }

    /// The same descriptor, behind which another socket was put on purpose.
    pub(crate) fn followed(self, cookie: u64) -> Own {
        Own { cookie, ..self }
    }

    /// A fresh TCP socket.
    pub(crate) fn stream(family: libc::c_int) -> Option<Own> {
        Own::adopt(moved(tcp_socket(family)?)?)
    }

    /// A fresh UDP socket.
    pub(crate) fn datagrams(family: libc::c_int) -> Option<Own> {
        // SAFETY: no pointers.
        let fd = moved(unsafe { real::socket(family, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) })?;
        Own::adopt(fd)
    }

    /// The next connection a listener of ours has, and where it comes from; `None` where there is none now.
    pub(crate) fn accepted(listener: RawFd) -> Option<(Own, std::net::SocketAddr)> {
        if !crate::sys::is_ready(listener, libc::POLLIN) {
            return None;
        }
        // SAFETY: no address is asked for.
        let fd = unsafe {
            real::accept4(listener, std::ptr::null_mut(), std::ptr::null_mut(), libc::SOCK_CLOEXEC)
        };
        let fd = moved(fd)?;
        Some((Own::adopt(fd)?, crate::sys::connected_to(fd)?))
    }

    /// The same descriptor with whatever socket is behind it: for one that nobody else can have touched yet.
    pub(crate) fn refreshed(self) -> Own {
        cookie(self.fd).map_or(self, |cookie| self.followed(cookie))
    }

    /// Something that can be rung once: from then on it is readable.
    pub(crate) fn bell() -> Option<Own> {
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: no pointers.
        let fd = moved(unsafe { real::socket(libc::AF_UNIX, kind, 0) })?;
        Some(Own { fd, cookie: cookie(fd).ok()? })
    }

    /// Rings a bell: what has been shut down for reading is at its end, which is readable.
    pub(crate) fn ring(self) {
        if self.is_intact() {
            // SAFETY: no pointers.
            unsafe { real::shutdown(self.fd, libc::SHUT_RD) };
        }
    }

    /// Whether the number still stands for our socket.
    pub(crate) fn is_intact(self) -> bool {
        cookie(self.fd).is_ok_and(|now| now == self.cookie)
    }

    /// Closes it.
    pub(crate) fn close(self) {
        if self.is_intact() {
            close(self.fd);
        }
    }
}
