//! Sockets that a program writes to from inside libc: a shell that redirects its standard output to `/dev/udp/HOST/PORT` writes by
//! a stdio stream, past every hook. For such a socket, connected to a relay, the header is laid ready in the kernel
//! (MSG_MORE, send(2)): what is written next completes the datagram, whoever writes it. Only what is written before we are
//! called again finds none, and is dropped by the relay: the second of two lines behind one redirection.

use std::os::fd::RawFd;
use std::thread;
use std::time::Duration;

use libc::c_int;

use super::outgoing::{State, state};
use super::target::Way;
use super::{Pace, Stage, Ticket, blocks, of, slot};
use crate::interpose::Verdict;
use crate::sys;

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

/// Lays a header ready, unless one is.
pub(super) fn lay_ready(fd: RawFd, ticket: Ticket) {
    let header = slot::with(ticket, |socket| {
        let peer = socket.peer.filter(|_| matches!(socket.stage, Stage::Open(_)))?;
        socket.targets.find(peer).filter(|(way, _)| *way == Way::Relay)
    });
    let Some(Some((_, header))) = header else { return };
    if !is_ready(fd) && sys::send_part(fd, header.as_bytes()).is_ok() {
        slot::with(ticket, |socket| socket.is_armed = true);
    }
}

/// Whether a header lies ready. Datagrams on their way look the same to us, but not for long.
pub(super) fn is_ready(fd: RawFd) -> bool {
    (0..5).all(|turn| {
        if turn > 0 {
            thread::sleep(Duration::from_millis(1));
        }
        sys::unsent_bytes(fd) > 0
    })
}

impl super::Socket {
    fn leads_to_relay(&mut self, peer: std::net::SocketAddr) -> bool {
        self.targets.find(peer).is_some_and(|(way, _)| way == Way::Relay)
    }
}
