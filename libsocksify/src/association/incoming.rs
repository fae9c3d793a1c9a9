//! Receiving: a part of ours for the header comes before the application's own, one for the rest of it behind. Where the
//! header was as long as the last one nothing has to be moved.

use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::ptr;

use libc::{c_int, msghdr, sockaddr_storage, socklen_t, ssize_t};
use socks_proto::udp::{self, MAX_HEADER};

use super::pace::Pace;
use super::parts::{Parts, part, room};
use super::{Socket, Ticket, is_connected_to, of, sender, slot};
use crate::hooks::real;
use crate::interpose::Verdict;
use crate::{address, errno};

/// The header of an IPv6 address: the longest that is to be expected.
const USUAL: usize = 22;

/// What the kernel gave us.
struct Datagram {
    /// How long it was, all of it.
    length: usize,
    from: Option<SocketAddr>,
    flags: c_int,
    control: usize,
}

/// What the application gets of it.
struct Content {
    /// Where its bytes begin.
    begin: usize,
    from: Option<SocketAddr>,
}

/// recvmsg(2) on a socket with targets behind a proxy; what there is to say besides the bytes is written to `message`.
pub(crate) fn receive(pace: &mut Pace, fd: RawFd, message: &mut msghdr, flags: c_int) -> Verdict<ssize_t> {
    let Some(ticket) = of(fd).filter(|_| flags & libc::MSG_ERRQUEUE == 0) else { return Verdict::Direct };
    loop {
        let state = slot::with(ticket, |socket| {
            socket.relay();
            (socket.take_error(), socket.header)
        });
        let expected = match state {
            Some((None, expected)) => {
                if expected == 0 {
                    USUAL
                } else {
                    expected
                }
            }
            Some((Some(errno), _)) => return Verdict::Fail(errno),
            None => return Verdict::Fail(libc::EACCES),
        };
        match one(ticket, fd, message, flags, expected) {
            Ok(Some(length)) => return Verdict::Done(length),
            Ok(None) => {}
            Err(libc::EAGAIN) => return pace.until_readable(fd, flags),
            Err(errno) => {
                if errno == libc::ECONNREFUSED {
                    slot::with(ticket, |socket| socket.refused(fd));
                }
                return Verdict::Fail(errno);
            }
        }
    }
}

/// Receives one datagram; `None` for one that is dropped.
fn one(
    ticket: Ticket,
    fd: RawFd,
    message: &mut msghdr,
    flags: c_int,
    expected: usize,
) -> Result<Option<ssize_t>, c_int> {
    let mut header = [0; MAX_HEADER];
    let (before, behind) = header.split_at_mut(expected.min(MAX_HEADER));
    let (before, behind) = (part(before), part(behind));
    // SAFETY: the application's own parts, between two of ours.
    let (parts, room) = unsafe {
        let parts = Parts::new(before, message.msg_iov, message.msg_iovlen, Some(behind));
        (parts, room(message.msg_iov, message.msg_iovlen))
    };
    let mut parts = parts.ok_or(libc::EMSGSIZE)?;
    let received = take(fd, &mut parts, message, flags).map(|datagram| {
        let content = content(ticket, fd, &parts, &datagram)?;
        let length = datagram.length.saturating_sub(content.begin);
        // SAFETY: both ranges lie within the parts: the last one has room for what a longer header pushes out.
        unsafe { parts.shift(content.begin, expected, length.min(room)) };
        deliver(message, &datagram, &content, length > room);
        Some(if flags & libc::MSG_TRUNC != 0 { length } else { length.min(room) } as ssize_t)
    });
    parts.release();
    if let (Ok(None), true) = (&received, flags & libc::MSG_PEEK != 0) {
        // What was only looked at would be looked at again.
        // SAFETY: no buffer.
        unsafe { real::recv(fd, ptr::null_mut(), 0, libc::MSG_DONTWAIT) };
    }
    received
}

/// One recvmsg(2) that does not block and says how long the datagram really was.
fn take(fd: RawFd, parts: &mut Parts, given: &msghdr, flags: c_int) -> Result<Datagram, c_int> {
    let mut name = MaybeUninit::<sockaddr_storage>::zeroed();
    let mut message = msghdr {
        msg_name: name.as_mut_ptr().cast(),
        msg_namelen: size_of::<sockaddr_storage>() as socklen_t,
        msg_iov: parts.as_mut_ptr(),
        msg_iovlen: parts.count() as _,
        ..*given
    };
    // SAFETY: parts and address live as long as the call, the control buffer is the application's own.
    let length = unsafe { real::recvmsg(fd, &mut message, flags | libc::MSG_DONTWAIT | libc::MSG_TRUNC) };
    let length = usize::try_from(length).map_err(|_| errno::current())?;
    // SAFETY: the kernel has filled as many bytes as it says.
    let from = unsafe { address::internet(name.as_ptr().cast(), message.msg_namelen) };
    Ok(Datagram { length, from, flags: message.msg_flags, control: message.msg_controllen as usize })
}

/// What a datagram holds for the application; `None` if nothing: from a stranger, or without a proper header.
fn content(ticket: Ticket, fd: RawFd, parts: &Parts, datagram: &Datagram) -> Option<Content> {
    let mut bytes = [0; MAX_HEADER];
    slot::with(ticket, |socket| {
        if !socket.is_relay(fd, datagram.from) {
            return socket.hears(datagram.from).then_some(Content { begin: 0, from: datagram.from });
        }
        // SAFETY: the parts were filled, or are as they were; only as much is looked at as was received.
        let filled = unsafe { parts.peek(&mut bytes) }.min(datagram.length);
        let (header, length) =
            udp::decode(bytes.get(..filled)?).ok().filter(|(header, _)| header.frag == 0)?;
        let from = sender(socket, &header.address)?;
        socket.header = socket.header.max(length);
        socket.note(false);
        Some(Content { begin: length, from: Some(from) })
    })?
}

impl Socket {
    pub(super) fn is_relay(&self, fd: RawFd, from: Option<SocketAddr>) -> bool {
        let relay = match self.stage {
            super::Stage::Open(association) => Some(association.relay),
            // The first answers may come while what was kept is still being sent.
            super::Stage::Opening(..) => self.announced,
            super::Stage::Idle => None,
        };
        let is_from = |ours| from.is_some_and(|from| address::unmapped(from) == address::unmapped(ours));
        // Another process that has the socket may have connected it to a relay of its own.
        let is_others = || self.peer.is_some() && from.is_some_and(|from| is_connected_to(fd, from));
        relay.is_some_and(is_from) || self.responder.is_some_and(is_from) || is_others()
    }

    /// Whether the application hears somebody who is not the relay: whoever is on this machine, and on a socket that may
    /// have direct targets everybody.
    fn hears(&self, from: Option<SocketAddr>) -> bool {
        let is_local = from.is_some_and(|from| address::is_local(from.ip()));
        self.peer.is_none() && (self.takes_strangers || is_local)
    }
}

/// What recvmsg(2) says beside the bytes.
fn deliver(message: &mut msghdr, datagram: &Datagram, content: &Content, is_cut: bool) {
    message.msg_flags = datagram.flags & !libc::MSG_TRUNC | if is_cut { libc::MSG_TRUNC } else { 0 };
    message.msg_controllen = datagram.control as _;
    if message.msg_name.is_null() {
        return;
    }
    match content.from {
        // SAFETY: the application's own buffer, with its length.
        Some(from) => unsafe { address::write(from, message.msg_name.cast(), &mut message.msg_namelen) },
        None => message.msg_namelen = 0,
    }
}

/// How many bytes the next datagram has for the application (FIONREAD, udp(7)); what will be dropped is dropped now.
/// `None` where the kernel knows.
pub(crate) fn waiting_bytes(fd: RawFd) -> Option<c_int> {
    of(fd)?;
    // SAFETY: an all-zero message has no parts.
    let mut message: msghdr = unsafe { std::mem::zeroed() };
    let flags = libc::MSG_PEEK | libc::MSG_TRUNC | libc::MSG_DONTWAIT;
    match receive(&mut Pace::default(), fd, &mut message, flags) {
        Verdict::Done(length) => c_int::try_from(length).ok(),
        _ => Some(0),
    }
}
