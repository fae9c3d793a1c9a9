//! Asking a proxy for an association, on a control connection of our own, by a thread that lives as long as that takes.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::thread;
use std::time::Instant;

use libc::c_int;
use socks_conf::UdpFallback;
use socks_proto::Host;

use super::{Association, Socket, Stage, Ticket, outgoing, slot};
use crate::attempt::Attempt;
use crate::held::Held;
use crate::interpose::{Verdict, as_our_own};
use crate::own::Own;
use crate::policy::Passage;
use crate::{address, process, sys};

const STACK: usize = 256 * 1024;

/// What the thread needs.
struct Opening {
    ticket: Ticket,
    turn: u32,
    domain: c_int,
    /// The application's socket, by a descriptor of ours.
    socket: Own,
    bell: Own,
    passage: Passage,
}

/// Begins to ask for an association, under the socket's lock. False where no thread can be had, or no descriptor.
pub(super) fn begin(ticket: Ticket, socket: &mut Socket, fd: RawFd, passage: &Passage) -> bool {
    let Some(ours) = Own::copy_of(fd) else { return false };
    let Some(bell) = Own::bell() else {
        ours.close();
        return false;
    };
    socket.end();
    socket.stage = Stage::Opening(process::id(), bell);
    socket.announced = None;
    let opening =
        Opening { ticket, turn: socket.turn, domain: socket.domain, socket: ours, bell, passage: *passage };
    // The thread inherits the mask of the hook that starts it: all signals blocked.
    let started = thread::Builder::new().stack_size(STACK).spawn(move || as_our_own(|| opening.run()));
    if started.is_err() {
        ours.close();
        bell.close();
        socket.stage = Stage::Idle;
    }
    started.is_ok()
}

impl Opening {
    fn run(self) {
        self.passage.resolve_proxies();
        let outcome = match self.control() {
            Some(control) => self.ask(control).inspect_err(|_| control.refreshed().close()),
            None => Err(libc::ENOBUFS),
        };
        match outcome {
            Ok(association) => self.succeeded(association),
            Err(errno) => self.failed(errno),
        }
        // The application may have closed it meanwhile.
        if slot::with(self.ticket, |socket| socket.descriptors == 0) == Some(true) {
            super::end(self.ticket);
        }
        self.socket.close();
        self.bell.ring();
        self.bell.close();
    }

    /// A socket for the control connection. An IPv4 socket of the application's reaches IPv4 relays only, which is what
    /// proxies name on IPv4 connections.
    fn control(&self) -> Option<Own> {
        let family = if self.has_ipv6_control() { libc::AF_INET6 } else { libc::AF_INET };
        Own::stream(family)
    }

    fn has_ipv6_control(&self) -> bool {
        self.domain == libc::AF_INET6 && self.passage.has_ipv6()
    }

    fn ask(&self, control: Own) -> Result<Association, c_int> {
        let family = if self.has_ipv6_control() { libc::AF_INET6 } else { libc::AF_INET };
        let mut attempt = Held::new(Attempt::new(control.fd, family, self.passage)).ok_or(libc::ENOBUFS)?;
        let verdict = loop {
            match attempt.advance(control.fd) {
                Verdict::Wait(wait) => {
                    wait.sleep();
                }
                verdict => break verdict,
            }
        };
        let bnd = attempt.bnd();
        attempt.free();
        match verdict {
            Verdict::Done(_) => {
                let relay = self.relay(bnd, control.fd)?;
                let (control, holder) = (Some(control.refreshed()), process::id());
                Ok(Association { control, holder, relay, seen: Instant::now(), sent: None })
            }
            Verdict::Fail(errno) => Err(errno),
            _ => Err(libc::ECONNREFUSED),
        }
    }

    /// Where BND says that datagrams go. No address means the proxy's own; a name, which would have to be looked up here,
    /// is no answer.
    fn relay(&self, bnd: socks_proto::Address, control: RawFd) -> Result<SocketAddr, c_int> {
        let Host::Ip(ip) = bnd.host else {
            log::warn!("the proxy names its relay {bnd}: only an address can be used");
            return Err(libc::ECONNREFUSED);
        };
        let ip = if ip.is_unspecified() {
            sys::connected_to(control).ok_or(libc::ECONNREFUSED)?.ip().to_canonical()
        } else {
            ip
        };
        address::for_family(SocketAddr::new(ip, bnd.port), self.domain).ok_or(libc::ENETUNREACH)
    }

    /// What was kept is sent in order before anything else may be.
    fn succeeded(&self, association: Association) {
        let is_wanted = self.with(|socket| {
            socket.announced = Some(association.relay);
            match socket.peer {
                Some(_) => {
                    super::release_source(self.socket.fd, association.relay);
                    sys::connect_to(self.socket.fd, association.relay).is_ok()
                }
                None => true,
            }
        });
        if is_wanted != Some(true) {
            association.close();
            return self.failed(libc::ENETUNREACH);
        }
        let mut has_sent = false;
        while let Some(false) = self.with(|socket| {
            let Some(first) = socket.queue.first() else {
                socket.stage = Stage::Open(association);
                socket.note(has_sent);
                return true;
            };
            let to = socket.peer.is_none().then_some(association.relay);
            if outgoing::send_kept(self.socket.fd, to, first) {
                socket.queue.drop_first();
                has_sent = true;
            }
            false
        }) {
            if !sys::is_ready(self.socket.fd, libc::POLLOUT) {
                crate::wait::Wait::descriptor(self.socket.fd, libc::POLLOUT, None).sleep();
            }
        }
        let is_open = self.with(|socket| matches!(socket.stage, Stage::Open(_)));
        if is_open != Some(true) {
            association.close();
        }
    }

    /// The application is told, unless its datagrams may go without a proxy now.
    fn failed(&self, errno: c_int) {
        let goes_on = !self.passage.may_carry_udp() && self.passage.runtime.config.udp == UdpFallback::Direct;
        self.with(|socket| {
            socket.stage = Stage::Idle;
            socket.turn = socket.turn.wrapping_add(1);
            socket.queue.clear();
            socket.targets = super::Targets::NONE;
            socket.error = if goes_on { 0 } else { errno };
        });
    }

    /// Runs `body` with the socket, if this is still what it waits for.
    fn with<R>(&self, body: impl FnOnce(&mut Socket) -> R) -> Option<R> {
        slot::with(self.ticket, |socket| (socket.turn == self.turn).then(|| body(socket)))?
    }
}
