//! BIND: waits at an address of this host for one call, from the host that the request names (RFC 1928, 6).
//!
//! DST.ADDR is who may call, by default the host of the application's first connection; everybody may if it is zero.
//! Others are closed, and the waiting goes on. DST.PORT is the port of that first connection, from which protocols such
//! as FTP do not call, and so says nothing, except beside a zero address: then it is the port that the application would
//! like us to listen on.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use log::debug;
use socket2::{Domain, Protocol, Socket, Type};
use socks_conf::Command;
use socks_proto::{Address, Host};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use crate::accept::next;
use crate::external::{External, any_port};
use crate::gate::Gate;
use crate::lookup::resolve;
use crate::outgoing::{canonical, source_for, unspecified_like};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::stream::tune;

/// Calls that may queue before they are looked at.
const BACKLOG: i32 = 16;

/// Ports below this one are not for applications to ask for.
const FIRST_FREE_PORT: u16 = 1024;

/// Any port will do to ask for a route (RFC 863).
const DISCARD: u16 = 9;

/// A socket that waits for a call.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    listener: TcpListener,
    /// Where to call: the address to tell the other side.
    address: SocketAddr,
    /// Who may call; empty for everybody.
    callers: Vec<IpAddr>,
    gate: &'a Gate,
    _permit: SemaphorePermit<'a>,
}

impl Waiting<'_> {
    /// Listens for a call from `caller`; `application` is the local address of the application's connection.
    pub(crate) async fn open<'a>(
        caller: &Address,
        application: &TcpStream,
        site: &'a Site,
        gate: &'a Gate,
    ) -> Result<Waiting<'a>, Refusal> {
        let _permit = site.waiting().try_acquire().map_err(|_| Refusal::TooManyWaiting)?;
        let callers = callers(caller, site, gate).await?;
        let own = canonical(application.local_addr().map_err(Refusal::Listen)?);
        let place = place(&callers, caller.port, own, &site.options.external)?;
        let listener = listen(place.bound).map_err(Refusal::Listen)?;
        let port = listener.local_addr().map_err(Refusal::Listen)?.port();
        Ok(Waiting {
            listener,
            address: SocketAddr::new(place.told, port),
            callers: callers.iter().map(SocketAddr::ip).collect(),
            gate,
            _permit,
        })
    }

    /// BND of the first reply.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The first call from somebody who may call, and where it came from: BND of the second reply.
    pub(crate) async fn call(&self) -> (TcpStream, SocketAddr) {
        loop {
            let (caller, from) = next(&self.listener).await;
            let from = canonical(from);
            if !self.callers.is_empty() && !self.callers.contains(&from.ip()) {
                debug!("{from} called {}, where it was not expected", self.address);
            } else if let Err(refusal) = self.gate.reply(Command::BindReply, from) {
                debug!("{from} called {}: {refusal}", self.address);
            } else {
                return (caller, from);
            }
        }
    }
}

/// The addresses of whom the request expects; none if that is everybody.
async fn callers(caller: &Address, site: &Site, gate: &Gate) -> Result<Vec<SocketAddr>, Refusal> {
    if matches!(caller.host, Host::Ip(ip) if ip.is_unspecified()) {
        return Ok(Vec::new());
    }
    let turns = site.turns(gate);
    let lookup = resolve(caller, &site.options.hosts, &turns);
    let found =
        timeout(site.options.connect_timeout, lookup).await.map_err(|_| Refusal::LookupTimedOut)??;
    let name = match &caller.host {
        Host::Name(name) => Some(name),
        Host::Ip(_) => None,
    };
    found.into_iter().map(|address| gate.target(Command::Bind, name, address).map(|_| address)).collect()
}

/// Where to listen, and which address of this host to tell.
struct Place {
    bound: SocketAddr,
    told: IpAddr,
}

/// The address that faces the caller. Facing everybody is the address towards the default route or, on a host without
/// one, that where the application reached us; calls to any address are taken then.
fn place(callers: &[SocketAddr], port: u16, own: SocketAddr, external: &External) -> Result<Place, Refusal> {
    if callers.is_empty() {
        let port = if port < FIRST_FREE_PORT { 0 } else { port };
        return Ok(Place {
            bound: SocketAddr::new(unspecified_like(own), port),
            told: own_outside(own, external),
        });
    }
    let mut failed = None;
    for &caller in callers {
        match facing(caller.ip(), own, external) {
            Ok(source) => return Ok(Place { bound: any_port(source), told: source }),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Err(Refusal::Listen(failed.unwrap_or_else(|| io::ErrorKind::NotFound.into())))
}

/// Our address towards `caller`.
fn facing(caller: IpAddr, own: SocketAddr, external: &External) -> io::Result<IpAddr> {
    match external.source(caller, own.ip())? {
        Some(source) => Ok(source),
        None => source_for(SocketAddr::new(caller, DISCARD)).map(|source| source.ip()),
    }
}

fn own_outside(own: SocketAddr, external: &External) -> IpAddr {
    // Addresses of documentation (RFC 5737 and 3849): no network has them, so only the default route leads there.
    let elsewhere: IpAddr = match own {
        SocketAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        SocketAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    facing(elsewhere, own, external).unwrap_or(own.ip())
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A port that was asked for may have connections of an earlier call in TIME_WAIT.
    socket.set_reuse_address(true)?;
    tune((&socket).into());
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
