//! Associations: datagrams of the application go to the relay of a proxy (UDP ASSOCIATE, RFC 1928, 7) from the
//! application's own socket, with a header in front, and come back the same way. Nothing is replaced, so poll(2), epoll
//! and everything else the kernel does for the socket stays as it is.
//!
//! A socket that has targets behind a proxy has a [`Socket`] here, found by the ticket of its descriptors. Its association
//! is made when the first datagram needs it, by a short-lived thread: a blocking call waits for that, what a non-blocking
//! socket sends meanwhile is kept. Once it stands, a connected socket is connected to the relay, so that the kernel keeps
//! strangers away; one that is not connected can have direct targets beside proxied ones.

mod armed;
mod incoming;
mod label;
mod late;
mod linger;
mod opening;
mod outgoing;
mod pace;
mod parts;
mod queue;
mod segment;
mod slot;
mod target;
mod travel;

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use libc::c_int;
use socks_conf::Route;
use socks_proto::Address;

use crate::own::Own;
use crate::policy::Passage;
use crate::{address, descriptors, parking, process, stand_in, sys};
use queue::Queue;
use segment::Offload;
use target::{Targets, Way};

pub(crate) use armed::{arm, flushed, prepare};
pub(crate) use incoming::{receive, waiting_bytes};
pub(crate) use late::received;
pub(crate) use linger::at_exit;
pub(crate) use outgoing::{domain, send, send_to_peer};
pub(crate) use pace::{Pace, blocks};
pub(crate) use segment::{is_offload, offload, set_offload};
pub(crate) use slot::{Ticket, any};
pub(crate) use travel::{adopt, adopt_inherited, depart, opening_across_exec, pass_on, stay};

/// A datagram socket of the application's.
pub(crate) struct Socket {
    /// AF_INET or AF_INET6.
    domain: c_int,
    /// Whom the application has connected it to, beyond a proxy.
    peer: Option<SocketAddr>,
    targets: Targets,
    /// The route of its targets: the proxies that its association may be made through.
    route: Option<&'static Route>,
    /// It may have direct targets, whose answers come from anywhere.
    takes_strangers: bool,
    stage: Stage,
    /// Where the answers of the name engine come from, once it was asked.
    responder: Option<SocketAddr>,
    /// How often it was connected or opened anew: what a thread of ours brings has to be for this time.
    turn: u32,
    /// What went wrong, until the application is told, once.
    error: c_int,
    /// How long the header of an answer was, the longest so far; 0 before the first.
    header: usize,
    /// The relay, while what was kept for it is still being sent.
    announced: Option<SocketAddr>,
    offload: Offload,
    /// The last message announced more of the same datagram (MSG_MORE, send(2)).
    has_more: bool,
    /// A header lies ready in the kernel, unless it was used.
    is_armed: bool,
    /// How many descriptors of this process stand for it.
    descriptors: u32,
    queue: Queue,
}

/// Where the association is.
#[derive(Clone, Copy)]
enum Stage {
    /// Not needed yet, or lost.
    Idle,
    /// This process asks a proxy for it; the bell rings when that has ended.
    Opening(libc::pid_t, Own),
    Open(Association),
}

/// A UDP ASSOCIATE with its control connection.
#[derive(Clone, Copy)]
struct Association {
    /// `None` where only the process that gave us the socket has it.
    control: Option<Own>,
    /// The process that got the association from the proxy, or took it over with its control connection.
    holder: libc::pid_t,
    /// Where datagrams go and come from, in the form the socket's family has for it.
    relay: SocketAddr,
    /// When the control connection was last seen alive.
    seen: Instant,
    /// Who has sent the last datagram that nobody answered, and when.
    sent: Option<(libc::pid_t, Instant)>,
}

/// How long a control connection is taken for alive without looking.
const TRUST: Duration = Duration::from_millis(250);

impl Association {
    /// Looks at the control connection, now and then. Who has it elsewhere keeps it as long as he lives.
    fn is_alive(&mut self) -> bool {
        let Some(control) = self.control else { return sys::is_alive(self.holder) };
        let now = Instant::now();
        if now.duration_since(self.seen) < TRUST {
            return true;
        }
        self.seen = now;
        control.is_intact() && sys::is_connected_still(control.fd)
    }
}

impl Socket {
    fn new(domain: c_int, is_bound: bool) -> Socket {
        Socket {
            domain,
            peer: None,
            targets: Targets::NONE,
            route: None,
            takes_strangers: is_bound,
            stage: Stage::Idle,
            responder: None,
            turn: 0,
            error: 0,
            header: 0,
            announced: None,
            offload: Offload::default(),
            has_more: false,
            is_armed: false,
            descriptors: 0,
            queue: Queue::NONE,
        }
    }

    /// The relay, as long as the proxy keeps the association; one that is lost is an error, told once.
    fn relay(&mut self) -> Option<SocketAddr> {
        let Stage::Open(association) = &mut self.stage else { return None };
        if association.is_alive() {
            return Some(association.relay);
        }
        let is_ours = association.control.is_some();
        self.end();
        if is_ours {
            log::info!("the proxy has ended an association");
            self.error = libc::ECONNREFUSED;
        }
        None
    }

    /// Nobody is at the relay any more, as the kernel has it. Where another process that has the socket has connected it to a
    /// relay of its own, we take it back; where the association was the other's, we do without.
    fn refused(&mut self, fd: RawFd) {
        self.doubt();
        let Stage::Open(association) = &self.stage else { return };
        let (is_ours, relay) = (association.control.is_some(), association.relay);
        if !is_ours {
            self.end();
        } else if self.peer.is_some() && !is_connected_to(fd, relay) {
            let _ = sys::connect_to(fd, relay);
        }
    }

    /// The next look at the control connection is not put off.
    fn doubt(&mut self) {
        if let Stage::Open(association) = &mut self.stage
            && let Some(before) = association.seen.checked_sub(TRUST)
        {
            association.seen = before;
        }
    }

    /// Whether a thread of this process asks for the association: its bell.
    fn bell(&self) -> Option<Own> {
        match self.stage {
            // The threads of a parent do not work for us.
            Stage::Opening(owner, bell) if owner == process::id() => Some(bell),
            _ => None,
        }
    }

    /// Takes note of a datagram sent to the relay, or of an answer.
    fn note(&mut self, sent: bool) {
        if let Stage::Open(association) = &mut self.stage {
            association.sent = sent.then(|| (process::id(), Instant::now()));
        }
    }

    fn take_error(&mut self) -> Option<c_int> {
        Some(std::mem::take(&mut self.error)).filter(|error| *error != 0)
    }

    /// As it was before it had any target behind a proxy.
    fn forget(&mut self) {
        self.end();
        (self.peer, self.error, self.targets, self.route) = (None, 0, Targets::NONE, None);
    }

    /// Whether a passage may be its association's: of its first target's route it may. What another route sends through other
    /// proxies must not go through these. By a configuration that has changed the association is made anew.
    fn follows(&mut self, passage: &Passage) -> bool {
        if self.route.is_some_and(|route| !passage.runtime.has(route)) {
            self.end();
            self.route = None;
        }
        std::ptr::eq(*self.route.get_or_insert(passage.route), passage.route)
    }

    /// Ends the association, or the attempt at one.
    fn end(&mut self) {
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Open(association) => linger::release(&association),
            Stage::Opening(owner, bell) if owner == process::id() => bell.ring(),
            Stage::Opening(..) | Stage::Idle => {}
        }
        self.turn = self.turn.wrapping_add(1);
        self.queue.clear();
    }
}

/// Whether that is whom the kernel has a socket connected to.
fn is_connected_to(fd: RawFd, to: SocketAddr) -> bool {
    sys::connected_to(fd).is_some_and(|now| address::unmapped(now) == address::unmapped(to))
}

/// Whether a descriptor's datagrams have to be looked at: two loads where there is no association anywhere.
pub(crate) fn concerns(fd: RawFd) -> bool {
    any() && descriptors::datagrams(fd).is_some()
}

/// What is known of a descriptor's socket. A descriptor closed past us and opened again is forgotten.
pub(crate) fn of(fd: RawFd) -> Option<Ticket> {
    let ticket = descriptors::datagrams(fd).filter(|_| any())?;
    if slot::stands_for(fd, ticket) {
        return Some(ticket);
    }
    closed(fd);
    None
}

/// As [`of`], for a socket that is about to have a target behind a proxy; `None` where there is no room.
fn of_or_new(fd: RawFd, domain: c_int) -> Option<Ticket> {
    if let Some(ticket) = of(fd) {
        return Some(ticket);
    }
    let cookie = sys::cookie(fd).ok()?;
    let fresh = || {
        let is_bound = sys::own_address(fd).is_some_and(|own| own.port() != 0);
        let ticket =
            slot::take(cookie, Socket { offload: Offload::of(fd), ..Socket::new(domain, is_bound) })?;
        parking::recent_copies(fd, cookie).into_iter().for_each(|copy| give(copy, ticket));
        Some(ticket)
    };
    let ticket = slot::with_cookie(cookie).or_else(fresh)?;
    give(fd, ticket);
    Some(ticket)
}

fn give(fd: RawFd, ticket: Ticket) {
    if process::runs_on_borrowed_memory() {
        return;
    }
    closed(fd);
    descriptors::set_datagrams(fd, Some(ticket));
    slot::with(ticket, |socket| socket.descriptors += 1);
}

/// A copy of a descriptor stands for the same socket.
pub(crate) fn copied(original: RawFd, copy: RawFd) {
    if let Some(ticket) = of(original) {
        give(copy, ticket);
    }
}

/// A descriptor is closed: with the last one its association ends.
pub(crate) fn closed(fd: RawFd) {
    if descriptors::datagrams(fd).is_none() || process::runs_on_borrowed_memory() {
        return;
    }
    let Some(ticket) = descriptors::set_datagrams(fd, None) else { return };
    let is_over = slot::with(ticket, |socket| {
        socket.descriptors = socket.descriptors.saturating_sub(1);
        if socket.is_armed {
            socket.note(true);
        }
        // What was sent is sent, even if it was kept: then the thread that brings it out ends this.
        socket.descriptors == 0 && (socket.bell().is_none() || socket.queue.is_empty())
    });
    if is_over == Some(true) {
        end(ticket);
    }
}

fn end(ticket: Ticket) {
    let is_passed_on = slot::is_passed_on(ticket);
    if let Some(mut socket) = slot::give_back(ticket) {
        if is_passed_on && let Stage::Open(association) = socket.stage {
            linger::keep(&association);
            socket.stage = Stage::Idle;
        }
        socket.end();
    }
}

/// connect(2) to a target behind a proxy: nothing is sent. The kernel is told of the proxy's address, for a source address
/// that makes sense, and then of a place on this machine: what a stdio stream writes from inside libc, past every hook, goes
/// there as long as there is no relay, and nobody else is listened to.
///
/// # Errors
/// As connect(2); ENETUNREACH where the socket's family cannot reach the proxy.
pub(crate) fn connect(fd: RawFd, domain: c_int, target: SocketAddr, passage: &Passage) -> Result<(), c_int> {
    let proxy = passage.reachable(domain).ok_or(libc::ENETUNREACH)?;
    connect_by(fd, domain, target, proxy, |socket| {
        discard(fd)?;
        socket.route = Some(passage.route);
        socket.targets.add(target, &passage.target, Way::Relay);
        Ok(())
    })
}

/// connect(2) to a name server in whose place the name engine answers.
///
/// # Errors
/// As connect(2).
pub(crate) fn connect_to_engine(fd: RawFd, domain: c_int, server: SocketAddr) -> Result<(), c_int> {
    let responder = stand_in::responder(fd, domain).ok_or(libc::ENETUNREACH)?;
    connect_by(fd, domain, server, responder.address, |socket| {
        socket.targets.add(server, &Address::from(server), Way::Engine);
        socket.responder = Some(responder.address);
        Ok(())
    })
}

/// Connects a socket to its own address, at the port of the Discard Protocol (RFC 863).
fn discard(fd: RawFd) -> Result<(), c_int> {
    const PORT: u16 = 9;
    let is_there = sys::own_address(fd).is_some_and(|mut own| {
        own.set_port(PORT);
        sys::connect_to(fd, own).is_ok()
    });
    if is_there {
        return Ok(());
    }
    sys::disconnect(fd);
    Err(libc::EACCES)
}

fn connect_by(
    fd: RawFd,
    domain: c_int,
    target: SocketAddr,
    by: SocketAddr,
    learn: impl FnOnce(&mut Socket) -> Result<(), c_int>,
) -> Result<(), c_int> {
    let ticket = of_or_new(fd, domain).ok_or(libc::ENOBUFS)?;
    let connected = slot::with(ticket, |socket| {
        socket.forget();
        label::detach(fd);
        release_source(fd, by);
        sys::connect_to(fd, by).map_err(|error| error.raw_os_error().unwrap_or(libc::ENETUNREACH))?;
        learn(socket)?;
        socket.peer = Some(target);
        Ok(())
    });
    connected.unwrap_or(Err(libc::EACCES))?;
    descriptors::remember(fd, target);
    Ok(())
}

/// The socket is about to be connected to somebody the kernel knows, or to nobody any more.
pub(crate) fn disconnected(fd: RawFd, to: Option<SocketAddr>) {
    let Some(ticket) = of(fd) else { return };
    slot::with(ticket, |socket| {
        socket.forget();
        label::detach(fd);
        socket.takes_strangers = true;
        if let Some(to) = to {
            release_source(fd, to);
        }
    });
}

/// A socket that was connected by us has a source address from that: on loopback, where the name engine or the proxy is, or an
/// IPv4 one on an IPv6 socket. The kernel would keep it, and reach nobody else from there.
fn release_source(fd: RawFd, to: SocketAddr) {
    let Some(own) = sys::own_address(fd).map(|own| own.ip().to_canonical()) else { return };
    let is_stuck = own.is_loopback() && !address::is_local(to.ip());
    let is_of_other_family = !own.is_unspecified() && own.is_ipv4() != to.ip().to_canonical().is_ipv4();
    if is_stuck || is_of_other_family {
        sys::disconnect(fd);
    }
}

/// What went wrong with the socket's association, once.
pub(crate) fn take_error(fd: RawFd) -> Option<c_int> {
    slot::with(of(fd)?, |socket| {
        socket.doubt();
        socket.relay();
        socket.take_error()
    })?
}

/// The sender of a datagram from the relay, as the application knows it; `None` for one it has not asked to hear.
fn sender(socket: &mut Socket, from: &Address) -> Option<SocketAddr> {
    let from = from.canonical();
    let sender = socket.targets.sender(&from)?;
    let Some(peer) = socket.peer else { return address::for_family(sender, socket.domain) };
    let is_peer = address::unmapped(sender) == address::unmapped(peer);
    // Some proxies do not say.
    let is_nobody = from == Address::UNSPECIFIED;
    (is_peer || is_nobody).then_some(peer)
}
