//! Answers to datagrams, from a socket of ours on loopback.

use std::net::SocketAddr;
use std::os::fd::RawFd;

use libc::c_int;

use super::{crew, loopback};
use crate::lock::Lock;
use crate::own::Own;
use crate::{address, engine, stack, sys};

/// The socket answers come from.
#[derive(Clone, Copy)]
pub(crate) struct Responder {
    socket: Own,
    /// Its address, in the form the application's socket has for it.
    pub(crate) address: SocketAddr,
}

/// One for each family, with its address; made when first needed.
static RESPONDERS: [Lock<Option<(Own, SocketAddr)>>; 2] = [const { Lock::new(None) }; 2];

/// The responder for a socket of family `domain`: of its own family, unless it is bound to an IPv4 address, or there is no
/// IPv6 on this machine.
pub(crate) fn responder(fd: RawFd, domain: c_int) -> Option<Responder> {
    let bound_to_ipv4 = sys::own_address(fd).is_some_and(|own| own.ip().to_canonical().is_ipv4());
    let preferred = if bound_to_ipv4 { libc::AF_INET } else { domain };
    let found = of_family(preferred).or_else(|| of_family(libc::AF_INET));
    let (socket, address) = found?;
    Some(Responder { socket, address: address::for_family(address, domain)? })
}

fn of_family(family: c_int) -> Option<(Own, SocketAddr)> {
    let place = if family == libc::AF_INET6 { &RESPONDERS[1] } else { &RESPONDERS[0] };
    place.with(|known| {
        if known.is_none_or(|(socket, _)| !socket.is_intact()) {
            *known = open(family);
        }
        *known
    })
}

fn open(family: c_int) -> Option<(Own, SocketAddr)> {
    let socket = Own::datagrams(family)?;
    let bound = sys::bind(socket.fd, SocketAddr::new(loopback(family), 0));
    match bound.ok().and_then(|()| sys::own_address(socket.fd)) {
        Some(address) => Some((socket, address)),
        None => {
            socket.close();
            None
        }
    }
}

/// Answers a query that the application's socket `fd` sends to `server`, with `header` in front as from a relay. A query that
/// nobody understands is lost, as datagrams are.
///
/// # Errors
/// The errno where the socket has no address to answer to.
pub(crate) fn answer(
    fd: RawFd,
    responder: &Responder,
    server: SocketAddr,
    header: &[u8],
    query: Vec<u8>,
) -> Result<(), c_int> {
    let to = reply_address(fd, responder).ok_or(libc::EADDRNOTAVAIL)?;
    let reply = Reply { responder: *responder, to, header: header.to_vec() };
    let limit = socks_dns::datagram_limit(&query).min(LARGEST);
    match stack::with_room(|| engine::at_once(&query, limit)) {
        Some(answer) => reply.send(&answer),
        None => {
            let question = query.clone();
            let is_asked = crew::queue({
                let reply = reply.clone();
                move || {
                    if let Some(answer) = engine::answer(&question, Some(server), limit) {
                        reply.send(&answer);
                    }
                }
            });
            if !is_asked {
                log::info!("nobody can ask {server}: too many questions are open, or there are no threads");
                engine::failure(&query).inspect(|failure| reply.send(failure));
            }
        }
    }
    Ok(())
}

/// What fits into a datagram behind the longest header.
const LARGEST: usize = 65507 - socks_proto::udp::MAX_HEADER;

/// Where the socket can be answered; one that has no port yet gets one, as sending would give it.
fn reply_address(fd: RawFd, responder: &Responder) -> Option<SocketAddr> {
    let mut own = sys::own_address(fd)?;
    if own.port() == 0 {
        sys::bind(fd, own).ok()?;
        own = sys::own_address(fd)?;
    }
    let ours = address::unmapped(responder.address);
    let ip = own.ip().to_canonical();
    let ip = if ip.is_unspecified() { ours.ip() } else { ip };
    Some(SocketAddr::new(ip, own.port())).filter(|to| to.is_ipv4() == ours.is_ipv4())
}

/// An answer on its way.
#[derive(Clone)]
struct Reply {
    responder: Responder,
    to: SocketAddr,
    header: Vec<u8>,
}

impl Reply {
    fn send(&self, answer: &[u8]) {
        if self.responder.socket.is_intact() {
            let _ =
                sys::send_to(self.responder.socket.fd, &[self.header.as_slice(), answer].concat(), self.to);
        }
    }
}
