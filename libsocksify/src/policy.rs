//! Where a socket may go: past us, through a proxy, or nowhere. The default is nowhere.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::RawFd;

use libc::c_int;
use socks_conf::{
    Command, Decision, Host, Protocol, Proxy, ProxyProtocol, Question, ResolveProtocol, Route, UdpFallback,
    Via,
};
use socks_proto::{Address, Name};

use crate::configuration::runtime;
use crate::hops::Hops;
use crate::runtime::{Runtime, names};
use crate::{address, errno, sys, trace, turn};

/// What may be done with traffic towards an address.
pub(crate) enum Path {
    /// The kernel may have the call as it is.
    Direct,
    /// As `Direct`, but the address is a fake one: its name has to be resolved here first.
    DirectByName(Name),
    /// Through a proxy of this route.
    Proxied(Passage),
    /// A name server, in whose place the name engine answers.
    Engine,
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
        self.entrances().for_each(|(index, _)| self.runtime.resolve(index));
    }

    /// The proxies that may be connected to from here, with their numbers in the configuration.
    fn entrances(&self) -> impl Iterator<Item = (usize, &'static Proxy)> {
        let proxies = (0..).map_while(|place| self.proxy(place)).map(|(index, proxy, _)| (index, proxy));
        proxies.filter(|(index, _)| self.route.entrances().contains(index))
    }

    /// Whether any of the proxies has an IPv6 address.
    pub(crate) fn has_ipv6(&self) -> bool {
        let mut proxies = self.entrances().map(|(index, _)| self.runtime.addresses(index));
        proxies.any(|addresses| addresses.iter().any(|ip| ip.to_canonical().is_ipv6()))
    }

    /// Whether any of the proxies may have UDP, for all that is known.
    pub(crate) fn may_carry_udp(&self) -> bool {
        let mut proxies = (0..).map_while(|place| self.proxy(place));
        proxies.any(|(index, ..)| !self.runtime.lacks_udp(index))
    }

    /// Whether queries to name servers go this way: by the key `resolveprotocol`, as long as there is UDP.
    fn carries_queries(&self) -> bool {
        self.runtime.config.resolveprotocol == ResolveProtocol::Udp && self.may_carry_udp()
    }

    /// What becomes of datagrams that no proxy carries. A name is not resolved here for them.
    fn without_udp(&self, target: SocketAddr) -> Path {
        let is_address = matches!(meaning(target.ip()), Meaning::Ip(_));
        match self.runtime.config.udp {
            UdpFallback::Direct if is_address => Path::Direct,
            _ => Path::Refused(libc::ENETUNREACH),
        }
    }

    /// An address of one of the proxies that a socket of `family` can reach.
    pub(crate) fn reachable(&self, family: c_int) -> Option<SocketAddr> {
        let mut all = self.entrances().flat_map(|(index, proxy)| {
            self.runtime.addresses(index).iter().map(|ip| SocketAddr::new(*ip, proxy.port))
        });
        all.find_map(|address| address::for_family(address, family))
    }

    /// Of the proxies that can serve this passage the one at `place` in their order: its number in the configuration,
    /// and what to speak to it.
    pub(crate) fn proxy(&self, place: usize) -> Option<(usize, &'static Proxy, ProxyProtocol)> {
        self.runtime.config.through(self.route, &self.question()).nth(place)
    }

    /// The way of a new attempt through the proxies.
    pub(crate) fn hops(&self) -> Hops {
        let count = self.runtime.config.through(self.route, &self.question()).count();
        Hops::new(self.route, count, turn::draw(self.route.mode))
    }

    /// What to speak to a proxy, by its number in the configuration, that is to reach `next`; without one, the target.
    pub(crate) fn spoken(&self, proxy: usize, next: Option<&Proxy>) -> Option<ProxyProtocol> {
        let question = next.map_or_else(|| self.question(), Proxy::question);
        self.runtime.config.spoken(self.route, proxy, &question)
    }

    fn question(&self) -> Question<'_> {
        Question {
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
            process: self.runtime.process(),
        }
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

/// Where a TCP connection of the application's to `target` may go. One to a name server ends in the name engine, unless a
/// route sends it direct or block, or real addresses are asked of name servers anyway, through the proxy.
pub(crate) fn of_connection(fd: RawFd, target: SocketAddr) -> Path {
    let path = of(Command::Connect, Protocol::Tcp, fd, target);
    let is_for_engine = match &path {
        Ok(Path::Proxied(passage)) => !asks_name_servers(passage.runtime),
        Ok(_) => false,
        Err(NoRoute) => true,
    };
    if is_for_engine && is_name_server(target) {
        return Path::Engine;
    }
    let path = path.unwrap_or_else(Path::from);
    trace::stream(fd, target, &path);
    path
}

fn asks_name_servers(runtime: &Runtime) -> bool {
    [ResolveProtocol::Tcp, ResolveProtocol::Udp].contains(&runtime.config.resolveprotocol)
}

/// Whether this is the port of a name server, and names are not resolved here.
fn is_name_server(target: SocketAddr) -> bool {
    target.port() == address::DOMAIN && runtime().is_some_and(|runtime| !names_are_local(runtime))
}

/// Where a TCP connection to `target` may go.
pub(crate) fn of_stream(fd: RawFd, target: SocketAddr) -> Path {
    of(Command::Connect, Protocol::Tcp, fd, target).unwrap_or_else(Path::from)
}

/// The way to a proxy for a question about a host, of which it is the proxy that knows.
pub(crate) fn of_question(host: socks_proto::Host) -> Option<Passage> {
    let runtime = runtime()?;
    let to = match &host {
        socks_proto::Host::Ip(ip) => Host::Ip(*ip),
        socks_proto::Host::Name(name) => Host::Name(std::str::from_utf8(name.as_bytes()).ok()?),
    };
    let (command, protocol, from) = (Command::Connect, Protocol::Tcp, address::UNBOUND);
    let process = runtime.process();
    match runtime.config.route(&Question { command, protocol, from, to, port: None, process }) {
        Decision::Proxy(route, _) => {
            let target = Address { host, port: 0 };
            Some(Passage { runtime, route, target, from, command, protocol })
        }
        _ => None,
    }
}

/// Where the datagrams of a UDP socket may go.
pub(crate) fn of_datagram(fd: RawFd, target: SocketAddr) -> Path {
    let path = datagram_path(fd, target);
    trace::datagram(fd, target, &path);
    path
}

fn datagram_path(fd: RawFd, target: SocketAddr) -> Path {
    let path = match of(Command::UdpAssociate, Protocol::Udp, fd, target) {
        Ok(path) => path,
        Err(NoRoute) if is_name_server(target) => return Path::Engine,
        Err(none) => return none.into(),
    };
    match path {
        Path::Proxied(passage) if is_name_server(target) && !passage.carries_queries() => Path::Engine,
        Path::Proxied(_) if !address::is_for_one_host(target.ip()) => Path::Refused(libc::ENETUNREACH),
        Path::Proxied(passage) if !passage.may_carry_udp() => passage.without_udp(target),
        // The fake address itself must never be seen on the wire.
        Path::DirectByName(_) => Path::Refused(libc::ENETUNREACH),
        path => path,
    }
}

/// Where may go what is neither TCP nor UDP: no proxy carries it.
pub(crate) fn of_packet(fd: RawFd, target: SocketAddr) -> Path {
    match of(Command::UdpAssociate, Protocol::Udp, fd, target).unwrap_or_else(Path::from) {
        Path::DirectByName(_) | Path::Proxied(_) | Path::Engine => Path::Refused(libc::ENETUNREACH),
        path => path,
    }
}

/// No route of the configuration serves a call.
struct NoRoute;

impl From<NoRoute> for Path {
    fn from(_: NoRoute) -> Path {
        Path::Refused(libc::ENETUNREACH)
    }
}

fn of(command: Command, protocol: Protocol, fd: RawFd, target: SocketAddr) -> Result<Path, NoRoute> {
    if address::stays_here(target) {
        return Ok(Path::Direct);
    }
    let Some(runtime) = runtime() else { return Ok(Path::Refused(libc::EACCES)) };
    if address::is_local(target.ip()) {
        return Ok(name_server_on_loopback(runtime));
    }
    let from = sys::own_address(fd).unwrap_or(address::UNBOUND);
    routed(runtime, command, protocol, from, target)
}

/// Where a listener bound to `own` may wait for a call from the host of `target`; no host in particular is 0.0.0.0.
pub(crate) fn of_listener(own: SocketAddr, target: SocketAddr) -> Path {
    let Some(runtime) = runtime() else { return Path::Direct };
    routed(runtime, Command::Bind, Protocol::Tcp, own, target).unwrap_or_else(Path::from)
}

/// Whether a connection to `target` goes through a proxy.
pub(crate) fn leads_to_a_proxy(target: SocketAddr) -> bool {
    let path = |runtime| routed(runtime, Command::Connect, Protocol::Tcp, address::UNBOUND, target);
    runtime().is_some_and(|runtime| matches!(path(runtime), Ok(Path::Proxied(_))))
}

fn routed(
    runtime: &'static Runtime,
    command: Command,
    protocol: Protocol,
    from: SocketAddr,
    target: SocketAddr,
) -> Result<Path, NoRoute> {
    let meaning = meaning(target.ip());
    let to = match &meaning {
        Meaning::Ip(ip) => Host::Ip(*ip),
        Meaning::Name(name) => match std::str::from_utf8(name.as_bytes()) {
            Ok(name) => Host::Name(name),
            Err(_) => return Ok(Path::Refused(libc::EHOSTUNREACH)),
        },
        Meaning::Stale => {
            log::warn!("{target} stands for a name that nobody here has asked for");
            return Ok(Path::Refused(libc::EHOSTUNREACH));
        }
    };
    let question = Question {
        command,
        protocol,
        from: address::unmapped(from),
        to,
        port: Some(target.port()),
        process: runtime.process(),
    };
    let decision = runtime.config.route(&question);
    let passes = matches!(decision, Decision::NoRoute) && lets_udp_pass(runtime, &question);
    Ok(match (decision, meaning) {
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
            Path::Refused(errno::of_block(route.errno))
        }
        (Decision::NoRoute, Meaning::Ip(_)) if passes => Path::Direct,
        (Decision::NoRoute, meaning) => {
            log::info!("{} has no route", wire_address(meaning, target));
            return Err(NoRoute);
        }
    })
}

/// Whether a datagram may pass because the proxies of its target have no words for UDP; the key `udp`.
fn lets_udp_pass(runtime: &Runtime, question: &Question<'_>) -> bool {
    let is_udp = question.command == Command::UdpAssociate;
    let stream = Question { command: Command::Connect, protocol: Protocol::Tcp, ..*question };
    is_udp
        && question.port != Some(address::DOMAIN)
        && runtime.config.udp == UdpFallback::Direct
        && matches!(runtime.config.route(&stream), Decision::Proxy(..))
}

fn wire_address(meaning: Meaning, target: SocketAddr) -> Address {
    match meaning {
        Meaning::Name(name) => Address { host: socks_proto::Host::Name(name), port: target.port() },
        _ => Address::from(target),
    }
}

/// What the application asked for by an address: where that is a fake one, the name behind it.
pub(crate) fn asked_for(target: SocketAddr) -> Address {
    wire_address(meaning(target.ip()), target)
}

/// The line of the route that sends a call past the proxies or nowhere; `None` where none does, or it has no line.
pub(crate) fn deciding_line(
    command: Command,
    protocol: Protocol,
    fd: RawFd,
    target: SocketAddr,
) -> Option<u32> {
    let runtime = runtime()?;
    let from = sys::own_address(fd).unwrap_or(address::UNBOUND);
    let asked = asked_for(target);
    let to = match &asked.host {
        socks_proto::Host::Ip(ip) => Host::Ip(*ip),
        socks_proto::Host::Name(name) => Host::Name(std::str::from_utf8(name.as_bytes()).ok()?),
    };
    let (from, port, process) = (address::unmapped(from), Some(target.port()), runtime.process());
    match runtime.config.route(&Question { command, protocol, from, to, port, process }) {
        Decision::Direct(route) | Decision::Block(route) => Some(route.line).filter(|line| *line > 0),
        Decision::Proxy(..) | Decision::NoRoute => None,
    }
}

/// Multicast DNS (RFC 6762) and LLMNR (RFC 4795), the latter over TCP too: neighbours are asked for names.
fn asks_neighbours(protocol: Protocol, target: SocketAddr) -> bool {
    const MULTICAST_DNS: u16 = 5353;
    const LLMNR: u16 = 5355;
    target.port() == LLMNR || (target.port() == MULTICAST_DNS && protocol == Protocol::Udp)
}

/// A resolver on this machine (systemd-resolved, dnsmasq) passes on what it is asked, past every route.
fn name_server_on_loopback(runtime: &Runtime) -> Path {
    if names_are_local(runtime) { Path::Direct } else { Path::Engine }
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
        process: runtime.process(),
    };
    let routes = &runtime.config.routes;
    routes.iter().all(|route| matches!(route.via, Via::Direct))
        && matches!(runtime.config.route(&everything), Decision::Direct(_))
}
