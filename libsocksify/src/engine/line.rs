//! A connection of our own to a name server, direct or through a proxy, or to a proxy, as long as one look-up takes.

use std::net::SocketAddr;
use std::time::Instant;

use socks_proto::Command;
use socks_proto::client::Failure as Refusal;

use crate::attempt::Attempt;
use crate::held::Held;
use crate::interpose::{Verdict, in_the_open};
use crate::own::Own;
use crate::policy::{Passage, Path};
use crate::sys;
use crate::wait::Wait;

/// A socket of ours and until when it is of use; closed with it.
pub(super) struct Line {
    socket: Own,
    until: Instant,
}

impl Line {
    /// Connects to a name server the way `path` says, within the time given.
    pub(super) fn to(server: SocketAddr, path: &Path, until: Instant) -> Option<Line> {
        match path {
            Path::Direct => Line::open(family(server), until)?.directly(server),
            Path::Proxied(passage) => {
                let line = Line::towards(passage, until)?;
                line.advance(line.attempt(*passage, None)?).ok()?;
                Some(line)
            }
            Path::DirectByName(_) | Path::Engine | Path::Refused(_) => None,
        }
    }

    /// A control connection with an association, and where the proxy says that datagrams go.
    pub(super) fn associated(passage: &Passage, until: Instant) -> Option<(Line, SocketAddr)> {
        let line = Line::towards(passage, until)?;
        let bnd = line.advance(line.attempt(*passage, None)?).ok()?;
        let socks_proto::Host::Ip(ip) = bnd.host else { return None };
        // No address means the proxy's own.
        let ip = if ip.is_unspecified() { sys::connected_to(line.socket.fd)?.ip() } else { ip };
        Some((line, SocketAddr::new(ip.to_canonical(), bnd.port)))
    }

    /// What a proxy answers to a question about the passage's target; the refusal is its own, if it said anything.
    pub(super) fn answer(
        passage: &Passage,
        command: Command,
        until: Instant,
    ) -> Result<socks_proto::Host, Option<Refusal>> {
        let line = Line::towards(passage, until).ok_or(None)?;
        let attempt = line.attempt(*passage, Some(command)).ok_or(None)?;
        line.advance(attempt).map(|bnd| bnd.host)
    }

    /// A UDP socket that talks to one address alone.
    pub(super) fn datagrams(to: SocketAddr, until: Instant) -> Option<Line> {
        let line = Line { socket: Own::datagrams(family(to))?, until };
        sys::begin_connect(line.socket.fd, to).ok()?;
        Some(line)
    }

    /// A socket that can reach every proxy of the passage.
    fn towards(passage: &Passage, until: Instant) -> Option<Line> {
        passage.resolve_proxies();
        let with_ipv6 = if passage.has_ipv6() { Line::open(libc::AF_INET6, until) } else { None };
        with_ipv6.or_else(|| Line::open(libc::AF_INET, until))
    }

    fn open(family: libc::c_int, until: Instant) -> Option<Line> {
        Some(Line { socket: Own::stream(family)?, until })
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

    /// An attempt is too large for the small stacks that hooks run on.
    fn attempt(&self, passage: Passage, asks: Option<Command>) -> Option<Held> {
        let family = sys::Kind::of(self.socket.fd).ok()?.domain;
        Held::new(match asks {
            Some(command) => Attempt::asking(self.socket.fd, family, passage, command),
            None => Attempt::to_name_server(self.socket.fd, family, passage),
        })
    }

    /// BND of the proxy's reply.
    fn advance(&self, mut attempt: Held) -> Result<socks_proto::Address, Option<Refusal>> {
        let is_granted = loop {
            match attempt.advance(self.socket.fd) {
                Verdict::Done(_) => break true,
                Verdict::Wait(wait) if self.wait(wait.events()).is_some() => {}
                _ => break false,
            }
        };
        let result = if is_granted { Ok(attempt.bnd()) } else { Err(attempt.refusal()) };
        attempt.free();
        result
    }

    /// Whether there is any time left.
    pub(super) fn has_time(&self) -> bool {
        Instant::now() < self.until
    }

    /// Sleeps until there is something to do; `None` where the time is up or somebody has taken the descriptor. Signal
    /// handlers of the application run meanwhile.
    pub(super) fn wait(&self, events: libc::c_short) -> Option<()> {
        if !self.has_time() || !self.socket.is_intact() {
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

    /// Receives what is there now, 0 where that is nothing; `None` at the end.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> Option<usize> {
        match sys::receive(self.socket.fd, buffer) {
            Ok(0) => None,
            result => transferred(result),
        }
    }
}

fn family(address: SocketAddr) -> libc::c_int {
    if address.is_ipv6() { libc::AF_INET6 } else { libc::AF_INET }
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
