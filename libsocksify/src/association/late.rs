//! A call that was waiting in the kernel when its socket got its first target behind a proxy: nobody saw to it that the
//! header of what it then receives has a place of its own, so it is taken out afterwards. Only there a datagram that fills the
//! application's buffer to the last bytes loses as many as the header has.

use std::os::fd::RawFd;

use libc::{c_int, msghdr, ssize_t};
use socks_proto::udp::{self, MAX_HEADER};

use super::parts::{Parts, part_of, room};
use super::{of, sender, slot};
use crate::address;
use crate::interpose::as_our_own;

/// What such a call gives; `received` is what the kernel gave it.
pub(crate) fn received(fd: RawFd, message: &mut msghdr, flags: c_int, received: ssize_t) -> ssize_t {
    match usize::try_from(received) {
        Ok(length) if flags & libc::MSG_ERRQUEUE == 0 => as_our_own(|| {
            without_header(fd, message, flags, length).map_or(received, |length| length as ssize_t)
        }),
        _ => received,
    }
}

fn without_header(fd: RawFd, message: &mut msghdr, flags: c_int, length: usize) -> Option<usize> {
    let ticket = of(fd)?;
    // SAFETY: the application's own message, and the address the kernel wrote there, if one was asked for.
    let (parts, room, from) = unsafe {
        let parts = Parts::new(part_of(&[]), message.msg_iov, message.msg_iovlen, None)?;
        let from = address::internet(message.msg_name.cast(), message.msg_namelen);
        (parts, room(message.msg_iov, message.msg_iovlen), from)
    };
    let filled = length.min(room);
    let mut bytes = [0; MAX_HEADER];
    // SAFETY: no more is looked at than was received.
    let peeked = unsafe { parts.peek(&mut bytes) }.min(filled);
    let (header, size) = udp::decode(bytes.get(..peeked)?).ok().filter(|(header, _)| header.frag == 0)?;
    let sender = slot::with(ticket, |socket| {
        let is_relays = match from {
            Some(_) => socket.is_relay(fd, from),
            // Who sent it was not asked: it has to look like an answer of the relay in every way.
            None => bytes.starts_with(&[0, 0]) && socket.targets.knows(&header.address.canonical()),
        };
        is_relays.then(|| sender(socket, &header.address)).flatten()
    })??;
    // SAFETY: both ranges lie within what was received.
    unsafe { parts.shift(size, 0, filled - size) };
    if from.is_some() {
        // SAFETY: the kernel has just written an address there: of the same family, so that this one has room.
        unsafe { address::write(sender, message.msg_name.cast(), &mut message.msg_namelen) };
    }
    Some(if flags & libc::MSG_TRUNC != 0 { length - size } else { filled - size })
}
