//! Sockets that a program writes to from inside libc: a shell that redirects its standard output to `/dev/udp/HOST/PORT` writes by
//! a stdio stream, past every hook. For such a socket, connected to a relay, the header is laid ready in the kernel
//! (MSG_MORE, send(2)): what is written next completes the datagram, whoever writes it, and the next one is laid when the stream
//! is flushed again (fflush(3)). Only what is written without that finds none, and is dropped by the relay: what a stream
//! writes because its buffer is full, or it has none.

use std::os::fd::RawFd;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{c_int, c_void, iovec, msghdr};

use super::outgoing::{State, state};
use super::target::Way;
use super::{Pace, Stage, Ticket, blocks, of, slot};
use crate::hooks::real;
use crate::interpose::Verdict;
use crate::{ffi, sys};

/// Whether a number is one that stdio streams write to.
fn is_written_to(fd: RawFd) -> bool {
    [libc::STDOUT_FILENO, libc::STDERR_FILENO].contains(&fd)
}

/// A socket is about to get the number of a stream, by dup2(2): it needs its association first, since nobody will ask.
pub(crate) fn prepare(pace: &mut Pace, original: RawFd, copy: RawFd) -> Option<Verdict<c_int>> {
    let ticket = of(original).filter(|_| is_written_to(copy))?;
    let peer = slot::with(ticket, |socket| socket.peer.filter(|peer| socket.leads_to_relay(*peer)))??;
    match state(ticket, original, peer, None) {
        State::Later(bell) if blocks(original, 0) => match pace.until_rung::<c_int>(original, bell) {
            Verdict::Wait(wait) => Some(Verdict::Wait(wait)),
            _ => None,
        },
        _ => None,
    }
}

/// It has that number now.
pub(crate) fn arm(fd: RawFd) {
    if let Some(ticket) = of(fd).filter(|_| is_written_to(fd)) {
        lay_ready(fd, ticket);
    }
}

/// A stdio stream is about to be written out from inside libc; without one, all of them (fflush(3)).
pub(crate) fn flushed(stream: Option<RawFd>) {
    match stream {
        Some(fd) => arm(fd),
        None => [libc::STDOUT_FILENO, libc::STDERR_FILENO].into_iter().for_each(arm),
    }
}

/// The process exits: what its standard output still has to write is written now, while the association is there, and no header
/// is left behind for others who have the socket.
pub(super) fn ended() {
    if !slot::any() {
        return;
    }
    // SAFETY: the stream is there as long as the process; exit(3) would flush it a moment later.
    let (fd, pending) = unsafe { (ffi::fileno_unlocked(ffi::stdout), ffi::__fpending(ffi::stdout)) };
    if pending > 0 && of(fd).is_some() {
        arm(fd);
        // SAFETY: as above.
        unsafe { real::fflush(ffi::stdout) };
    }
    for fd in [libc::STDOUT_FILENO, libc::STDERR_FILENO] {
        let is_armed = of(fd).and_then(|ticket| slot::with(ticket, |socket| socket.is_armed));
        if is_armed == Some(true) {
            clear(fd);
        }
    }
    // Nobody saw whether it was used.
    for ticket in slot::all() {
        slot::with(ticket, |socket| {
            if socket.is_armed {
                socket.note(true);
            }
        });
    }
}

/// Lays a header ready, in the place of one that is.
pub(super) fn lay_ready(fd: RawFd, ticket: Ticket) {
    let header = slot::with(ticket, |socket| {
        let peer = socket.peer.filter(|_| matches!(socket.stage, Stage::Open(_)))?;
        socket.targets.find(peer).filter(|(way, _)| *way == Way::Relay)
    });
    let Some(Some((_, header))) = header else { return };
    clear(fd);
    if sys::send_part(fd, header.as_bytes()).is_ok() {
        slot::with(ticket, |socket| socket.is_armed = true);
    }
}

/// Takes away what was begun of a datagram, if anything was: what is sent next begins one. The kernel gives a datagram up whose
/// next part it cannot read.
pub(super) fn clear(fd: RawFd) {
    if let Some(page) = unreadable() {
        let part = iovec { iov_base: page.as_ptr(), iov_len: 1 };
        // SAFETY: an all-zero message is an empty one.
        let nothing: msghdr = unsafe { std::mem::zeroed() };
        let message = msghdr { msg_iov: (&raw const part).cast_mut(), msg_iovlen: 1, ..nothing };
        // SAFETY: the kernel looks whether it can read.
        unsafe { real::sendmsg(fd, &message, libc::MSG_MORE | libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) };
    }
}

/// A page that nobody can read.
fn unreadable() -> Option<NonNull<c_void>> {
    static PAGE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    if let Some(page) = NonNull::new(PAGE.load(Ordering::Acquire)) {
        return Some(page);
    }
    // SAFETY: a fresh mapping; who loses the race has one more.
    let fresh = unsafe {
        libc::mmap(ptr::null_mut(), 1, libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
    };
    if fresh == libc::MAP_FAILED {
        return None;
    }
    PAGE.store(fresh, Ordering::Release);
    NonNull::new(fresh)
}

impl super::Socket {
    fn leads_to_relay(&mut self, peer: std::net::SocketAddr) -> bool {
        self.targets.find(peer).is_some_and(|(way, _)| way == Way::Relay)
    }
}
