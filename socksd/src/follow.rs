//! Interfaces that are listened on: an address they are given later is listened on from then on.
//!
//! The kernel tells of changes (rtnetlink(7)), and then all addresses are looked at, so that no message needs to be
//! understood. The socket of an address that is taken away stays: it takes nothing until the address is back.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use log::{debug, info, warn};
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use socks_conf::sockd::{Families, Family};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::accept::accept;
use crate::interfaces::Interfaces;
use crate::listen::listen;
use crate::site::{Phase, Site};

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

/// Listens on what is added to the interfaces that are followed, for ever.
pub(crate) async fn follow(
    site: &watch::Sender<Arc<Site>>,
    phase: &watch::Sender<Phase>,
    accepting: &mut JoinSet<()>,
) {
    if site.borrow().options.follow.is_empty() {
        return std::future::pending().await;
    }
    match changes() {
        Ok(changes) => loop {
            if let Err(error) = changed(&changes).await {
                warn!("changes of interfaces are not noticed any more: {error}");
                return std::future::pending().await;
            }
            listen_on_new(site, phase, accepting);
        },
        Err(error) => {
            warn!("changes of interfaces are not noticed: {error}");
            std::future::pending().await
        }
    }
}

fn listen_on_new(site: &watch::Sender<Arc<Site>>, phase: &watch::Sender<Phase>, accepting: &mut JoinSet<()>) {
    let now = Arc::clone(&site.borrow());
    for address in now.options.follow.iter().flat_map(Follow::addresses) {
        if now.listens_on(address) {
            continue;
        }
        let opened = listen(address).map_err(io::Error::from).and_then(|listener| {
            listener.set_nonblocking(true)?;
            tokio::net::TcpListener::from_std(listener)
        });
        match opened {
            Ok(listener) => {
                now.add_listening(listener.local_addr().unwrap_or(address));
                accepting.spawn(accept(listener, site.subscribe(), phase.subscribe()));
                info!("listening on {address}");
            }
            // An IPv6 address that is still being checked for doubles; there is another message when it is ready.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => debug!("{error}"),
            Err(error) => warn!("{error}"),
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
