//! Where a socket may go: past us, through a proxy, or nowhere. The default is nowhere.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::RawFd;

use libc::c_int;
use socks_conf::{
    Command, Decision, Host, Protocol, Proxy, ProxyProtocol, Question, ResolveProtocol, Route, Via,
};
use socks_proto::{Address, Name};

use crate::runtime::{Runtime, names, runtime};
use crate::{address, sys};

/// What may be done with traffic towards an address.
pub(crate) enum Path {
    /// The kernel may have the call as it is.
    Direct,
    /// As `Direct`, but the address is a fake one: its name has to be resolved here first.
    DirectByName(Name),
    /// Through a proxy of this route.
    Proxied(Passage),
    /// Nowhere; the application is told this errno.
    Refused(c_int),
}

/// The way through a proxy.
#[derive(Clone, Copy)]
pub(crate) struct Passage {
    pub(crate) runtime: &'static Runtime,
    pub(crate) route: &'static Route,
    /// What the proxy is asked for.
    pub(crate) target: Address,
    /// What the socket was bound to when the route was chosen.
    pub(crate) from: SocketAddr,
    /// What the proxy is asked to do, for which transport protocol.
    pub(crate) command: Command,
    pub(crate) protocol: Protocol,
}

impl Passage {
    /// Looks up the names of proxies that were given by name. This may take long.
    pub(crate) fn resolve_proxies(&self) {
        let proxies = (0..).map_while(|place| self.proxy(place));
        proxies.for_each(|(index, ..)| self.runtime.resolve(index));
    }

    /// Whether any of the proxies has an IPv6 address.
    pub(crate) fn has_ipv6(&self) -> bool {
        let mut proxies =
            (0..).map_while(|place| self.proxy(place)).map(|(index, ..)| self.runtime.addresses(index));
        proxies.any(|addresses| addresses.iter().any(|ip| ip.to_canonical().is_ipv6()))
    }

    /// Of the proxies that can serve this passage the one at `place` in their order: its number in the configuration,
    /// and what to speak to it.
    pub(crate) fn proxy(&self, place: usize) -> Option<(usize, &'static Proxy, ProxyProtocol)> {
        let question = Question {
            command: self.command,
            protocol: self.protocol,
            from: self.from,
            to: match &self.target.host {
                socks_proto::Host::Ip(ip) => Host::Ip(*ip),
                socks_proto::Host::Name(name) => {
                    Host::Name(std::str::from_utf8(name.as_bytes()).unwrap_or(""))
                }
            },
            port: Some(self.target.port),
        };
        self.runtime.config.through(self.route, &question).nth(place)
    }
}

/// What stands behind an address the application uses.
pub(crate) enum Meaning {
    Ip(IpAddr),
    Name(Name),
    /// In the range of fake addresses, but given out by nobody we know.
    Stale,
}

/// Looks behind an address.
pub(crate) fn meaning(ip: IpAddr) -> Meaning {
    let ip = ip.to_canonical();
    let Some(range) = runtime().and_then(|runtime| runtime.range) else { return Meaning::Ip(ip) };
    if !range.contains(ip) {
        return Meaning::Ip(ip);
    }
    let name = range.index(ip).and_then(|index| names()?.name(index));
    name.and_then(|name| Name::new(name).ok()).map_or(Meaning::Stale, Meaning::Name)
}

/// Where a TCP connection to `target` may go.
pub(crate) fn of_stream(fd: RawFd, target: SocketAddr) -> Path {
    of(Command::Connect, Protocol::Tcp, fd, target)
}

/// Where datagrams, and everything else that is not TCP, may go.
pub(crate) fn of_datagram(fd: RawFd, target: SocketAddr) -> Path {
    match of(Command::UdpAssociate, Protocol::Udp, fd, target) {
        Path::Direct => Path::Direct,
        Path::Refused(errno) => Path::Refused(errno),
        // The fake address itself must never be seen on the wire, and no proxy is asked for datagrams yet.
        Path::DirectByName(_) | Path::Proxied(_) => Path::Refused(libc::ENETUNREACH),
    }
}

fn of(command: Command, protocol: Protocol, fd: RawFd, target: SocketAddr) -> Path {
    if address::stays_here(target) {
        return Path::Direct;
    }
    let Some(runtime) = runtime() else { return Path::Refused(libc::EACCES) };
    if address::is_local(target.ip()) {
        return name_server_on_loopback(runtime, protocol, target);
    }
    let from = sys::own_address(fd).unwrap_or(address::UNBOUND);
    routed(runtime, command, protocol, from, target)
}

/// Where a listener bound to `own` may wait for a call from the host of `target`; no host in particular is 0.0.0.0.
pub(crate) fn of_listener(own: SocketAddr, target: SocketAddr) -> Path {
    let Some(runtime) = runtime() else { return Path::Direct };
    routed(runtime, Command::Bind, Protocol::Tcp, own, target)
}

fn routed(
    runtime: &'static Runtime,
    command: Command,
    protocol: Protocol,
    from: SocketAddr,
    target: SocketAddr,
) -> Path {
    let meaning = meaning(target.ip());
    let to = match &meaning {
        Meaning::Ip(ip) => Host::Ip(*ip),
        Meaning::Name(name) => match std::str::from_utf8(name.as_bytes()) {
            Ok(name) => Host::Name(name),
            Err(_) => return Path::Refused(libc::EHOSTUNREACH),
        },
        Meaning::Stale => {
            log::warn!("{target} stands for a name that nobody here has asked for");
            return Path::Refused(libc::EHOSTUNREACH);
        }
    };
    let question =
        Question { command, protocol, from: address::unmapped(from), to, port: Some(target.port()) };
    match (runtime.config.route(&question), meaning) {
        (Decision::Direct(_), Meaning::Name(name)) => Path::DirectByName(name),
        (Decision::Direct(_), _) if asks_neighbours(protocol, target) && !names_are_local(runtime) => {
            log::info!("{target} is not asked for names: they belong to the proxy");
            Path::Refused(libc::ENETUNREACH)
        }
        (Decision::Direct(_), _) => Path::Direct,
        (Decision::Proxy(route, _), meaning) => {
            let target = wire_address(meaning, target);
            Path::Proxied(Passage { runtime, route, target, from, command, protocol })
        }
        (Decision::Block(route), meaning) => {
            let target = wire_address(meaning, target);
            log::info!("{target} is blocked by the route of line {}", route.line);
            Path::Refused(libc::EACCES)
        }
        (Decision::NoRoute, meaning) => {
            log::info!("{} has no route", wire_address(meaning, target));
            Path::Refused(libc::ENETUNREACH)
        }
    }
}

fn wire_address(meaning: Meaning, target: SocketAddr) -> Address {
    match meaning {
        Meaning::Name(name) => Address { host: socks_proto::Host::Name(name), port: target.port() },
        _ => Address::from(target),
    }
}

/// Multicast DNS (RFC 6762) and LLMNR (RFC 4795), the latter over TCP too: neighbours are asked for names.
fn asks_neighbours(protocol: Protocol, target: SocketAddr) -> bool {
    const MULTICAST_DNS: u16 = 5353;
    const LLMNR: u16 = 5355;
    target.port() == LLMNR || (target.port() == MULTICAST_DNS && protocol == Protocol::Udp)
}

/// A resolver on this machine (systemd-resolved, dnsmasq) passes on what it is asked, past every route.
fn name_server_on_loopback(runtime: &Runtime, protocol: Protocol, target: SocketAddr) -> Path {
    if names_are_local(runtime) {
        return Path::Direct;
    }
    log::info!("the name server {target} is not asked: names belong to the proxy");
    Path::Refused(if protocol == Protocol::Tcp { libc::ECONNREFUSED } else { libc::ENETUNREACH })
}

/// Whether all names may be resolved here.
pub(crate) fn names_are_local(runtime: &Runtime) -> bool {
    runtime.config.resolveprotocol == ResolveProtocol::Local || is_all_direct(runtime)
}

/// Whether the configuration lets everything pass: only then may an application make packets of its own.
pub(crate) fn lets_everything_pass() -> bool {
    runtime().is_some_and(is_all_direct)
}

fn is_all_direct(runtime: &Runtime) -> bool {
    let everything = Question {
        command: Command::UdpAssociate,
        protocol: Protocol::Udp,
        from: address::UNBOUND,
        to: Host::Ip(Ipv4Addr::BROADCAST.into()),
        port: None,
    };
    let routes = &runtime.config.routes;
    routes.iter().all(|route| matches!(route.via, Via::Direct))
        && matches!(runtime.config.route(&everything), Decision::Direct(_))
}
