//! The targets' side of an association: a socket for each address family, made when first needed.

use std::future::pending;
use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::UdpSocket;

use super::recent::Recent;
use crate::external::{External, any_port};
use crate::outgoing::unspecified_like;

/// Room for a burst; the system cuts it down to net.core.rmem_max, and none of it is used while nothing waits.
pub(super) const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// Hosts that may answer: at least so many of those sent to last.
const HOSTS_KEPT: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

#[derive(Debug)]
pub(super) struct Outside {
    v4: Option<UdpSocket>,
    v6: Option<UdpSocket>,
    hosts: Recent<IpAddr, ()>,
    last: Option<IpAddr>,
    external: External,
    /// Where the application reached us.
    inside: IpAddr,
}

impl Outside {
    /// No socket yet; those to come are bound to addresses of `external`.
    pub(super) fn new(external: External, inside: IpAddr) -> Outside {
        Outside { v4: None, v6: None, hosts: Recent::new(HOSTS_KEPT), last: None, external, inside }
    }

    /// Completes when a datagram can be received from targets of the family it gives.
    pub(super) async fn readable(&self) -> Family {
        tokio::select! {
            () = readable(self.v4.as_ref()) => Family::V4,
            () = readable(self.v6.as_ref()) => Family::V6,
        }
    }

    pub(super) fn receive(&self, family: Family, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let socket = match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        };
        socket.as_ref().ok_or(io::ErrorKind::WouldBlock)?.try_recv_from(buffer)
    }

    /// Whether the application has sent to this host, as far back as is remembered.
    pub(super) fn has_sent_to(&self, host: IpAddr) -> bool {
        self.last == Some(host) || self.hosts.contains(&host)
    }

    pub(super) fn send(&mut self, target: SocketAddr, data: &[u8]) -> io::Result<()> {
        if self.last != Some(target.ip()) {
            self.hosts.insert(target.ip(), ());
            self.last = Some(target.ip());
        }
        // Past Tokio, which thinks of a new socket that nothing can be sent on it yet.
        SockRef::from(self.socket(target)?).send_to(data, &target.into()).map(drop)
    }

    fn socket(&mut self, target: SocketAddr) -> io::Result<&UdpSocket> {
        let slot = if target.is_ipv4() { &mut self.v4 } else { &mut self.v6 };
        Ok(match slot {
            Some(socket) => socket,
            None => slot.insert(open(target, self.external.source(target.ip(), self.inside)?)?),
        })
    }
}

async fn readable(socket: Option<&UdpSocket>) {
    match socket {
        Some(socket) => drop(socket.readable().await),
        None => pending().await,
    }
}

fn open(target: SocketAddr, source: Option<IpAddr>) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(target), Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    if target.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    let local = source.unwrap_or_else(|| unspecified_like(target));
    socket.bind(&any_port(local).into())?;
    UdpSocket::from_std(socket.into())
}
