//! What passes over a socket, and where it leads.

use std::io;
use std::mem::{self, size_of};
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::Duration;

use libc::{c_int, c_void, socklen_t};
use socket2::SockAddr;

use super::checked;
use super::descriptors::{set_status_flags, status_flags};
use super::options::{option, pending_error};
use crate::address;
use crate::hooks::real;

/// The address a socket is bound to.
pub(crate) fn own_address(fd: RawFd) -> Option<SocketAddr> {
    // SAFETY: the helper passes a buffer and its length.
    address::filled(|address, length| unsafe { real::getsockname(fd, address, length) })
}

/// The address a socket is connected to.
pub(crate) fn connected_to(fd: RawFd) -> Option<SocketAddr> {
    // SAFETY: the helper passes a buffer and its length.
    address::filled(|address, length| unsafe { real::getpeername(fd, address, length) })
}

/// `int connect(int, const struct sockaddr *, socklen_t)` — begins a connection without blocking, whatever the
/// socket's own mode; connect(2).
///
/// # Errors
/// EINPROGRESS where it has begun; else as connect(2).
pub(crate) fn begin_connect(fd: RawFd, to: SocketAddr) -> io::Result<()> {
    let to = SockAddr::from(to);
    let flags = status_flags(fd)?;
    let blocking = flags & libc::O_NONBLOCK == 0;
    if blocking {
        set_status_flags(fd, flags | libc::O_NONBLOCK)?;
    }
    // SAFETY: pointer and length of one address.
    let result = checked(unsafe { real::connect(fd, to.as_ptr().cast(), to.len()) });
    if blocking {
        set_status_flags(fd, flags)?;
    }
    result.map(drop)
}

/// What went over a TCP connection, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// What was written, whether it is out yet or not.
    pub(crate) sent: u64,
    /// What has arrived, whether it was read or not.
    pub(crate) received: u64,
}

/// Both counts of a connection; tcp(7), TCP_INFO. `None` for what is no TCP connection, or with a kernel before 4.19.
pub(crate) fn traffic(fd: RawFd) -> Option<Traffic> {
    /// The beginning of `struct tcp_info` of `<linux/tcp.h>`, in words of eight bytes.
    type Info = [u64; 27];
    const RECEIVED: usize = 128 / 8;
    const NOT_SENT: usize = 144 / 8;
    const SENT: usize = 200 / 8;
    const SENT_AGAIN: usize = 208 / 8;
    /// States of `<net/tcp_states.h>` after the other side's end-of-file, which counts as a byte.
    const AFTER_THE_END: [u8; 4] = [7, 8, 9, 11];
    let mut info: Info = [0; 27];
    let mut length = size_of::<Info>() as socklen_t;
    // SAFETY: pointer and length of one array.
    let result = unsafe {
        real::getsockopt(
            fd,
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast::<c_void>(),
            &mut length,
        )
    };
    if result != 0 || length as usize != size_of::<Info>() {
        return None;
    }
    let [state, ..] = info[0].to_ne_bytes();
    let [a, b, c, d, ..] = info[NOT_SENT].to_ne_bytes();
    let end = u64::from(AFTER_THE_END.contains(&state));
    Some(Traffic {
        sent: info[SENT] - info[SENT_AGAIN].min(info[SENT]) + u64::from(u32::from_ne_bytes([a, b, c, d])),
        received: info[RECEIVED].saturating_sub(end),
    })
}

/// As [`traffic`], without what has arrived and was not read yet.
pub(crate) fn traffic_so_far(fd: RawFd) -> Option<Traffic> {
    let mut unread: c_int = 0;
    // What arrives between two looks would be taken for read.
    for _ in 0..8 {
        let before = traffic(fd)?;
        // SAFETY: one integer.
        unsafe { real::ioctl(fd, libc::FIONREAD, (&raw mut unread) as usize) };
        if traffic(fd)? == before {
            let unread = u64::try_from(unread).unwrap_or(0);
            return Some(Traffic { received: before.received.saturating_sub(unread), ..before });
        }
    }
    None
}

/// Dissolves a connection, finished or not, so that the socket can be connected anew; connect(2), AF_UNSPEC. The
/// error this leaves behind is ours, not the application's.
pub(crate) fn disconnect(fd: RawFd) {
    // SAFETY: an all-zero sockaddr is AF_UNSPEC.
    unsafe {
        let unspec: libc::sockaddr = mem::zeroed();
        real::connect(fd, &unspec, size_of::<libc::sockaddr>() as socklen_t);
    }
    let _ = pending_error(fd);
}

/// Tells the kernel that the connection it made without blocking is complete: else the application's next connect(2)
/// would be told so, instead of EISCONN.
pub(crate) fn settle(fd: RawFd) {
    if let Some(peer) = connected_to(fd).map(SockAddr::from) {
        // SAFETY: pointer and length of one address.
        unsafe { real::connect(fd, peer.as_ptr().cast(), peer.len()) };
    }
}

/// SO_ACCEPTCONN: whether listen(2) was called.
pub(crate) fn is_listening(fd: RawFd) -> bool {
    option::<c_int>(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN).is_ok_and(|value| value != 0)
}

/// Whether the descriptor shows one of `events` now; poll(2).
pub(crate) fn is_ready(fd: RawFd, events: libc::c_short) -> bool {
    is_ready_within(fd, events, Duration::ZERO)
}

/// As [`is_ready`], or before long.
pub(crate) fn is_ready_within(fd: RawFd, events: libc::c_short, limit: Duration) -> bool {
    let mut entry = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one valid entry.
    unsafe { real::poll(&mut entry, 1, crate::wait::milliseconds(limit)) > 0 }
}

/// Sends without blocking and without SIGPIPE; send(2).
pub(crate) fn send(fd: RawFd, bytes: &[u8]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: pointer and length of one slice.
    let sent = unsafe { real::send(fd, bytes.as_ptr().cast(), bytes.len(), flags) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Receives without blocking; 0 is the end of the stream; recv(2).
pub(crate) fn receive(fd: RawFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: pointer and length of one slice.
    let got = unsafe { real::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT) };
    usize::try_from(got).map_err(|_| io::Error::last_os_error())
}

/// Whether the far end of a stream on which nothing is said has neither closed nor reset it.
pub(crate) fn is_connected_still(fd: RawFd) -> bool {
    let mut scratch = [0; 64];
    match receive(fd, &mut scratch) {
        Ok(count) => count > 0,
        Err(error) => [Some(libc::EAGAIN), Some(libc::EINTR)].contains(&error.raw_os_error()),
    }
}

/// connect(2) as the socket does it: a datagram socket sends nothing.
pub(crate) fn connect_to(fd: RawFd, to: SocketAddr) -> io::Result<()> {
    let to = SockAddr::from(to);
    // SAFETY: pointer and length of one address.
    checked(unsafe { real::connect(fd, to.as_ptr().cast(), to.len()) }).map(drop)
}

/// `int bind(int, const struct sockaddr *, socklen_t)` — gives a socket an address; bind(2).
pub(crate) fn bind(fd: RawFd, to: SocketAddr) -> io::Result<()> {
    let to = SockAddr::from(to);
    // SAFETY: pointer and length of one address.
    checked(unsafe { real::bind(fd, to.as_ptr().cast(), to.len()) }).map(drop)
}

/// `int listen(int, int)` — for one connection at a time; listen(2).
pub(crate) fn listen(fd: RawFd) -> io::Result<()> {
    // SAFETY: no pointers.
    checked(unsafe { real::listen(fd, 1) }).map(drop)
}

/// Begins a datagram that a later call completes; send(2), MSG_MORE.
pub(crate) fn send_part(fd: RawFd, bytes: &[u8]) -> io::Result<()> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL | libc::MSG_MORE;
    // SAFETY: pointer and length of one slice.
    let sent = unsafe { real::send(fd, bytes.as_ptr().cast(), bytes.len(), flags) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Sends a datagram without blocking; sendto(2).
pub(crate) fn send_to(fd: RawFd, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
    let to = SockAddr::from(to);
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: pointer and length of one slice and of one address.
    let sent =
        unsafe { real::sendto(fd, bytes.as_ptr().cast(), bytes.len(), flags, to.as_ptr().cast(), to.len()) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A fresh TCP socket.
pub(crate) fn tcp_socket(family: c_int) -> Option<RawFd> {
    // SAFETY: no pointers.
    checked(unsafe { real::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) }).ok()
}
