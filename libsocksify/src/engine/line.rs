//! A connection of our own to a name server, direct or through a proxy, as long as one look-up takes.

use std::net::SocketAddr;
use std::time::Instant;

use crate::attempt::Attempt;
use crate::held::Held;
use crate::interpose::{Verdict, in_the_open};
use crate::own::Own;
use crate::policy::{Passage, Path};
use crate::sys;
use crate::wait::Wait;

/// An open connection; closed with it.
pub(super) struct Line {
    socket: Own,
    until: Instant,
}

impl Line {
    /// Connects the way `path` says, within the time given.
    pub(super) fn to(server: SocketAddr, path: &Path, until: Instant) -> Option<Line> {
        match path {
            Path::Direct => Line::open(server.is_ipv6(), until)?.directly(server),
            Path::Proxied(passage) => {
                passage.resolve_proxies();
                Line::open(passage.has_ipv6(), until).or_else(|| Line::open(false, until))?.through(*passage)
            }
            Path::DirectByName(_) | Path::Refused(_) => None,
        }
    }

    fn open(ipv6: bool, until: Instant) -> Option<Line> {
        let socket = Own::stream(if ipv6 { libc::AF_INET6 } else { libc::AF_INET })?;
        Some(Line { socket, until })
    }

    fn directly(self, server: SocketAddr) -> Option<Line> {
        match sys::begin_connect(self.socket.fd, server) {
            Ok(()) => return Some(self),
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
            Err(_) => return None,
        }
        while !sys::is_ready(self.socket.fd, libc::POLLOUT) {
            self.wait(libc::POLLOUT)?;
        }
        sys::pending_error(self.socket.fd).is_ok_and(|errno| errno == 0).then_some(self)
    }

    fn through(self, passage: Passage) -> Option<Line> {
        let family = sys::Kind::of(self.socket.fd).ok()?.domain;
        let mut attempt = Held::new(Attempt::new(self.socket.fd, family, passage))?;
        let is_through = self.advance(&mut attempt);
        attempt.free();
        is_through.then_some(self)
    }

    fn advance(&self, attempt: &mut Attempt) -> bool {
        loop {
            match attempt.advance(self.socket.fd) {
                Verdict::Done(_) => return true,
                Verdict::Wait(wait) if self.wait(wait.events()).is_some() => {}
                _ => return false,
            }
        }
    }

    /// Sleeps until there is something to do; `None` where the time is up or somebody has taken the descriptor. Signal
    /// handlers of the application run meanwhile.
    pub(super) fn wait(&self, events: libc::c_short) -> Option<()> {
        if Instant::now() >= self.until || !self.socket.is_intact() {
            return None;
        }
        let wait = Wait::descriptor(self.socket.fd, events, Some(self.until));
        in_the_open(|| wait.sleep());
        Some(())
    }

    /// Sends what can be sent now; `None` where the connection is gone.
    pub(super) fn send(&self, bytes: &[u8]) -> Option<usize> {
        transferred(sys::send(self.socket.fd, bytes))
    }

    /// Receives what is there now: nothing at the end is `None`.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> Option<usize> {
        match sys::receive(self.socket.fd, buffer) {
            Ok(0) => None,
            result => transferred(result),
        }
    }
}

fn transferred(result: std::io::Result<usize>) -> Option<usize> {
    match result {
        Ok(count) => Some(count),
        Err(error) => [Some(libc::EAGAIN), Some(libc::EINTR)].contains(&error.raw_os_error()).then_some(0),
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.socket.close();
    }
}
