//! Sending: the header goes in front of the application's own parts, nothing is copied.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::ptr;
use std::time::Duration;

use libc::{c_int, iovec, msghdr, ssize_t};
use socket2::SockAddr;
use socks_proto::Address;

use super::pace::{Pace, blocks};
use super::parts::{Parts, part_of, room};
use super::segment::{self, Control};
use super::target::{Header, Way};
use super::{Ticket, armed, is_connected_to, of, of_or_new, opening, release_source, slot};
use crate::hooks::real;
use crate::interpose::Verdict;
use crate::own::Own;
use crate::policy::{self, Passage, Path};
use crate::{descriptors, errno, stand_in, sys};

/// What can be done with a datagram for a relay now.
pub(super) enum State {
    /// To the relay; the socket is connected to it, or not.
    Relay(Option<SocketAddr>),
    /// As soon as the bell rings.
    Later(Own),
    Fail(c_int),
}

/// sendmsg(2) on a UDP socket of family `domain`, to an address or, without one, to whom the socket is connected.
pub(crate) fn send(
    pace: &mut Pace,
    fd: RawFd,
    domain: c_int,
    to: Option<SocketAddr>,
    message: &msghdr,
    flags: c_int,
) -> Verdict<ssize_t> {
    let known = of(fd);
    let peer = || slot::with(known?, |socket| socket.peer)?;
    let Some(target) = to.or_else(peer) else { return Verdict::Direct };
    let learnt = |ticket| slot::with(ticket, |socket| socket.targets.find(target))?;
    let (way, header, passage) = match known.and_then(learnt) {
        Some((way, header)) => (way, header, None),
        None => match policy::of_datagram(fd, target) {
            Path::Proxied(passage) => (Way::Relay, Header::new(&passage.target), Some(passage)),
            Path::Engine => (Way::Engine, Header::new(&Address::from(target)), None),
            Path::Refused(errno) => return refuse(target, errno),
            Path::Direct | Path::DirectByName(_) => {
                return directly(fd, known, to.is_none(), target, message, flags);
            }
        },
    };
    let Some(ticket) = known.or_else(|| of_or_new(fd, domain)) else {
        return Verdict::Fail(libc::ENOBUFS);
    };
    if let Some(passage) = &passage
        && slot::with(ticket, |socket| socket.follows(passage)) == Some(false)
    {
        log::info!("datagram to {target}: its route is not that of the socket's other targets");
        return Verdict::Fail(libc::ENETUNREACH);
    }
    let wire = passage.as_ref().map_or_else(|| Address::from(target), |passage| passage.target);
    slot::with(ticket, |socket| {
        if socket.targets.find(target).is_none() {
            socket.targets.add(target, &wire, way);
        }
    });
    if way == Way::Engine {
        return ask_engine(fd, domain, ticket, target, &header, message);
    }
    loop {
        match state(ticket, fd, target, passage) {
            State::Relay(relay) => {
                return match segment_of(ticket, message) {
                    Some(size) => cut(fd, ticket, size, relay, header.as_bytes(), message, flags),
                    None => transmit(pace, fd, ticket, relay, &header, message, flags),
                };
            }
            State::Later(bell) if blocks(fd, flags) => return pace.until_rung(fd, bell),
            State::Later(_) => {
                if let Some(verdict) = keep(ticket, &header, message) {
                    return verdict;
                }
            }
            State::Fail(errno) => return Verdict::Fail(errno),
        }
    }
}

/// As [`send`], to whom the socket is connected, if we know of that.
pub(crate) fn send_to_peer(pace: &mut Pace, fd: RawFd, message: &msghdr, flags: c_int) -> Verdict<ssize_t> {
    match domain(fd) {
        Some(domain) => send(pace, fd, domain, None, message, flags),
        None => Verdict::Direct,
    }
}

/// The family of a socket we know.
pub(crate) fn domain(fd: RawFd) -> Option<c_int> {
    slot::with(of(fd)?, |socket| socket.domain)
}

/// Finds the relay, or sees to it that a proxy is asked for one.
pub(super) fn state(ticket: Ticket, fd: RawFd, target: SocketAddr, passage: Option<Passage>) -> State {
    let now = slot::with(ticket, |socket| {
        if let Some(errno) = socket.take_error() {
            return Some(State::Fail(errno));
        }
        if let Some(relay) = socket.relay() {
            return Some(State::Relay(socket.peer.is_none().then_some(relay)));
        }
        // Whoever sends need not know that an association was lost.
        socket.error = 0;
        socket.bell().map(State::Later)
    });
    match now {
        Some(Some(state)) => return state,
        Some(None) => {}
        None => return State::Fail(libc::EACCES),
    }
    let passage = match passage.map_or_else(|| policy::of_datagram(fd, target), Path::Proxied) {
        Path::Proxied(passage) => passage,
        Path::Refused(errno) => return State::Fail(errno),
        // It was proxied a moment ago; decided anew the next time.
        _ => return State::Fail(libc::ECONNREFUSED),
    };
    let begun = slot::with(ticket, |socket| {
        // Somebody else may have been faster.
        if let Some(bell) = socket.bell() {
            return Some(bell);
        }
        opening::begin(ticket, socket, fd, &passage).then(|| socket.bell()).flatten()
    });
    begun.flatten().map_or(State::Fail(libc::ENOBUFS), State::Later)
}

/// A query to a name server. Its answer comes as a datagram from a relay would.
fn ask_engine(
    fd: RawFd,
    domain: c_int,
    ticket: Ticket,
    server: SocketAddr,
    header: &Header,
    message: &msghdr,
) -> Verdict<ssize_t> {
    let Some(responder) = stand_in::responder(fd, domain) else { return Verdict::Fail(libc::ENOBUFS) };
    // SAFETY: the application's own parts.
    let length = unsafe { room(message.msg_iov, message.msg_iovlen) };
    if length > LARGEST {
        return Verdict::Fail(libc::EMSGSIZE);
    }
    let mut query = vec![0; length];
    // SAFETY: as above.
    let Some(mut parts) = (unsafe { Parts::new(part_of(&[]), message.msg_iov, message.msg_iovlen, None) })
    else {
        return Verdict::Fail(libc::EMSGSIZE);
    };
    // SAFETY: as above.
    unsafe { parts.peek(&mut query) };
    parts.release();
    slot::with(ticket, |socket| {
        socket.responder = Some(responder.address);
        // Another process may have been the last to ask.
        if socket.peer == Some(server) && !is_connected_to(fd, responder.address) {
            release_source(fd, responder.address);
            let _ = sys::connect_to(fd, responder.address);
        }
    });
    match stand_in::answer(fd, &responder, server, header.as_bytes(), query) {
        Ok(()) => Verdict::Done(length as ssize_t),
        Err(errno) => Verdict::Fail(errno),
    }
}

/// A datagram for the kernel. A socket that had a peer behind a proxy is connected to it now.
fn directly(
    fd: RawFd,
    known: Option<Ticket>,
    to_peer: bool,
    target: SocketAddr,
    message: &msghdr,
    flags: c_int,
) -> Verdict<ssize_t> {
    let Some(ticket) = known else { return Verdict::Direct };
    if !to_peer {
        slot::with(ticket, |socket| socket.takes_strangers = true);
        // The kernel no longer knows the size.
        return match slot::with(ticket, |socket| socket.offload.segment).filter(|size| *size > 0) {
            Some(size) => cut(fd, ticket, size as usize, Some(target), &[], message, flags),
            None => Verdict::Direct,
        };
    }
    super::disconnected(fd, Some(target));
    descriptors::forget(fd);
    match sys::connect_to(fd, target) {
        Ok(()) => Verdict::Direct,
        Err(error) => Verdict::Fail(error.raw_os_error().unwrap_or(libc::ENETUNREACH)),
    }
}

fn transmit(
    pace: &mut Pace,
    fd: RawFd,
    ticket: Ticket,
    relay: Option<SocketAddr>,
    header: &Header,
    message: &msghdr,
    flags: c_int,
) -> Verdict<ssize_t> {
    // Only the first part of a datagram sent in several has the header.
    let has_more = flags & libc::MSG_MORE != 0;
    let goes_on = slot::with(ticket, |socket| std::mem::replace(&mut socket.has_more, has_more));
    let is_armed = slot::with(ticket, |socket| socket.is_armed) == Some(true);
    let header = if goes_on == Some(true) { &[] } else { header.as_bytes() };
    if is_armed && goes_on == Some(false) {
        armed::clear(fd);
    }
    // SAFETY: the application's own message.
    let Some(mut parts) = (unsafe { Parts::new(part_of(header), message.msg_iov, message.msg_iovlen, None) })
    else {
        return Verdict::Fail(libc::EMSGSIZE);
    };
    let sent = send_parts(fd, relay, &mut parts, message, flags);
    let errno = errno::current();
    parts.release();
    match usize::try_from(sent) {
        Ok(sent) => {
            slot::with(ticket, |socket| socket.note(true));
            if is_armed && !has_more {
                armed::lay_ready(fd, ticket);
            }
            Verdict::Done(sent.saturating_sub(header.len()) as ssize_t)
        }
        Err(_) if errno == libc::EAGAIN => pace.until_writable(fd, flags),
        Err(_) => {
            if errno == libc::ECONNREFUSED {
                slot::with(ticket, |socket| socket.refused(fd));
            }
            Verdict::Fail(errno)
        }
    }
}

/// The size of the datagrams that a message is to be cut into, if any.
fn segment_of(ticket: Ticket, message: &msghdr) -> Option<usize> {
    // SAFETY: the application's own message.
    let (asked, length) = unsafe {
        let is_asked_for = segment::is_asked_for(message);
        (
            is_asked_for.then(|| Control::of(message).segment).flatten(),
            room(message.msg_iov, message.msg_iovlen),
        )
    };
    let size = asked.or_else(|| slot::with(ticket, |socket| socket.offload.segment))?;
    // A message that fits is one datagram, but what the kernel is told must not be told to it.
    usize::try_from(size).ok().filter(|size| *size > 0 && (*size < length || asked.is_some()))
}

/// Sends a message in datagrams of one size. As the kernel sends all or nothing, only the first may fail; of the others, what
/// finds no room in a moment is lost.
fn cut(
    fd: RawFd,
    ticket: Ticket,
    size: usize,
    relay: Option<SocketAddr>,
    header: &[u8],
    message: &msghdr,
    flags: c_int,
) -> Verdict<ssize_t> {
    // SAFETY: the application's own message.
    let (mut control, length) = unsafe { (Control::of(message), room(message.msg_iov, message.msg_iovlen)) };
    if length > LARGEST {
        return Verdict::Fail(libc::EMSGSIZE);
    }
    let mut bytes = vec![0; length];
    // SAFETY: as above.
    let Some(mut parts) = (unsafe { Parts::new(part_of(&[]), message.msg_iov, message.msg_iovlen, None) })
    else {
        return Verdict::Fail(libc::EMSGSIZE);
    };
    // SAFETY: as above.
    unsafe { parts.peek(&mut bytes) };
    parts.release();
    let mut plain = *message;
    control.apply(&mut plain);
    for (index, segment) in bytes.chunks(size).enumerate() {
        let sent = send_segment(fd, relay, header, segment, &plain, flags);
        if let (0, Err(errno)) = (index, sent) {
            return Verdict::Fail(errno);
        }
    }
    slot::with(ticket, |socket| socket.note(true));
    Verdict::Done(length as ssize_t)
}

fn send_segment(
    fd: RawFd,
    relay: Option<SocketAddr>,
    header: &[u8],
    segment: &[u8],
    message: &msghdr,
    flags: c_int,
) -> Result<(), c_int> {
    loop {
        // SAFETY: two slices.
        let parts = unsafe { Parts::new(part_of(header), &part_of(segment), 1, None) };
        if send_parts(fd, relay, &mut parts.ok_or(libc::EMSGSIZE)?, message, flags) >= 0 {
            return Ok(());
        }
        let errno = errno::current();
        if errno != libc::EAGAIN || !sys::is_ready_within(fd, libc::POLLOUT, ROOM_SOON) {
            return Err(errno);
        }
    }
}

/// How long there may be no room for a datagram in the middle of others.
const ROOM_SOON: Duration = Duration::from_millis(20);

/// One sendmsg(2) that does not block, with the application's control data.
fn send_parts(fd: RawFd, to: Option<SocketAddr>, parts: &mut Parts, from: &msghdr, flags: c_int) -> ssize_t {
    let to = to.map(SockAddr::from);
    let (name, length) = to.as_ref().map_or((ptr::null(), 0), |to| (to.as_ptr(), to.len()));
    let message = msghdr {
        msg_name: name.cast_mut().cast(),
        msg_namelen: length,
        msg_iov: parts.as_mut_ptr(),
        msg_iovlen: parts.count() as _,
        ..*from
    };
    // SAFETY: parts and address live as long as the call, the rest is the application's own.
    unsafe { real::sendmsg(fd, &message, flags | libc::MSG_DONTWAIT) }
}

/// Sends a datagram that was kept; false where there is no room for it now. What the kernel refuses is lost.
pub(super) fn send_kept(fd: RawFd, to: Option<SocketAddr>, datagram: iovec) -> bool {
    // SAFETY: an all-zero message is an empty one.
    let nothing: msghdr = unsafe { std::mem::zeroed() };
    // SAFETY: one part, no others.
    let Some(mut parts) = (unsafe { Parts::new(datagram, ptr::null(), 0, None) }) else { return true };
    send_parts(fd, to, &mut parts, &nothing, libc::MSG_NOSIGNAL) >= 0 || errno::current() != libc::EAGAIN
}

/// Keeps a datagram for an association that is on its way; `None` where it has arrived meanwhile.
fn keep(ticket: Ticket, header: &Header, message: &msghdr) -> Option<Verdict<ssize_t>> {
    let header = header.as_bytes();
    // SAFETY: the application's own parts.
    let (parts, length) = unsafe {
        let parts = Parts::new(part_of(header), message.msg_iov, message.msg_iovlen, None);
        (parts, room(message.msg_iov, message.msg_iovlen))
    };
    let Some(mut parts) = parts.filter(|_| header.len() + length <= LARGEST) else {
        return Some(Verdict::Fail(libc::EMSGSIZE));
    };
    let kept = slot::with(ticket, |socket| {
        socket.bell()?;
        // SAFETY: as above.
        Some(unsafe { socket.queue.keep(&parts, header.len() + length) })
    });
    parts.release();
    match kept {
        Some(Some(true)) => Some(Verdict::Done(length as ssize_t)),
        Some(Some(false)) => Some(Verdict::Fail(libc::EAGAIN)),
        Some(None) => None,
        None => Some(Verdict::Fail(libc::EACCES)),
    }
}

/// The longest datagram of IPv4; the kernel says the rest.
const LARGEST: usize = 65507;

fn refuse<T>(target: SocketAddr, errno: c_int) -> Verdict<T> {
    log::info!("datagram to {target} refused: {}", std::io::Error::from_raw_os_error(errno));
    Verdict::Fail(errno)
}
