//! Interfaces that are listened on: an address they are given later is listened on from then on.
//!
//! The kernel tells of changes (rtnetlink(7)), and then all addresses are looked at, so that no message needs to be
//! understood. The socket of an address that is taken away stays: it takes nothing until the address is back.

use std::future::pending;
use std::io;
use std::net::SocketAddr;

use log::warn;
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use socks_conf::sockd::{Families, Family};
use tokio::net::UdpSocket;

use crate::interfaces::Interfaces;

/// RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR.
const ADDRESS_CHANGES: u32 = 0x10 | 0x100;

/// An interface whose addresses are listened on as they come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follow {
    /// The name of the interface.
    pub interface: String,
    /// The port to listen on.
    pub port: u16,
    /// The families; empty is both.
    pub families: Families,
}

impl Follow {
    /// Where to listen now.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let now = Interfaces::now();
        let wanted = now.of(&self.interface).filter(|address| {
            let family = if address.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
            // A link-local address is reached only by saying through which interface.
            let is_link_local = matches!(address, std::net::IpAddr::V6(v6) if v6.is_unicast_link_local());
            !is_link_local && (self.families.is_empty() || self.families.contains(family))
        });
        wanted.map(|address| SocketAddr::new(address, self.port)).collect()
    }
}

/// Tells of changes of addresses, once somebody wants to know.
#[derive(Debug, Default)]
pub(crate) struct Changes(Option<UdpSocket>);

impl Changes {
    /// Listens for them if there are interfaces to follow; says whether it has begun to, as what changed before went
    /// unnoticed.
    pub(crate) fn follow(&mut self, interfaces: &[Follow]) -> bool {
        if self.0.is_some() || interfaces.is_empty() {
            return false;
        }
        self.0 = changes().inspect_err(|error| warn!("changes of interfaces are not noticed: {error}")).ok();
        self.0.is_some()
    }

    /// Completes when addresses have changed; if nobody wants to know, never.
    pub(crate) async fn next(&mut self) {
        let Some(socket) = &self.0 else { return pending().await };
        if let Err(error) = changed(socket).await {
            warn!("changes of interfaces are not noticed any more: {error}");
            self.0 = None;
            pending().await
        }
    }
}

/// A socket that becomes readable when addresses change.
///
/// It is none of UDP, but of datagrams, and nothing but readiness and recv(2) is asked of it.
fn changes() -> io::Result<UdpSocket> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    // The protocol 0 is NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, ADDRESS_CHANGES))?;
    UdpSocket::from_std(socket.into())
}

/// Completes when addresses have changed, and what was told about it has been thrown away.
async fn changed(changes: &UdpSocket) -> io::Result<()> {
    let mut waste = [0; 8192];
    changes.readable().await?;
    loop {
        match changes.try_recv(&mut waste) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            // Messages were lost, which is as good as having read them.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NOBUFS) => {}
            Err(error) => return Err(error),
        }
    }
}
