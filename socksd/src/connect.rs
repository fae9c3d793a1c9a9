//! Reaches the target of a request: finds its addresses and tries one after the other until one connects.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use log::debug;
use rustix::io::Errno;
use socket2::SockRef;
use socks_proto::{Address, Host, Name};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use crate::hosts::Hosts;
use crate::refusal::Refusal;
use crate::stream::tune;

/// What connecting depends on besides the target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outlook<'a> {
    /// Names that win over the system's resolver.
    pub(crate) hosts: &'a Hosts,
    /// The addresses this proxy listens on, where no target may be.
    pub(crate) listening: &'a [SocketAddr],
    /// The time for everything: the lookup and all addresses.
    pub(crate) timeout: Duration,
}

/// Connects to `target`.
pub(crate) async fn connect(target: &Address, outlook: Outlook<'_>) -> Result<TcpStream, Refusal> {
    let deadline = Instant::now() + outlook.timeout;
    let lookup = resolve(target, outlook.hosts);
    let addresses = timeout_at(deadline, lookup).await.map_err(|_| Refusal::LookupTimedOut)??;
    try_in_turn(&addresses, deadline, outlook.listening).await
}

async fn resolve(target: &Address, hosts: &Hosts) -> Result<Vec<SocketAddr>, Refusal> {
    let with_port = |ip: IpAddr| SocketAddr::new(ip.to_canonical(), target.port);
    let name = match target.canonical().host {
        Host::Ip(ip) => return Ok(vec![with_port(ip)]),
        Host::Name(name) => name,
    };
    let name = host_name(&name).ok_or(Refusal::Unspeakable)?;
    if let Some(known) = hosts.addresses(name) {
        return Ok(known.iter().copied().map(with_port).collect());
    }
    let mut addresses = Vec::new();
    for address in lookup_host((name, target.port)).await.map_err(Refusal::UnknownName)? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    debug!("{name} is {addresses:?}");
    Ok(addresses)
}

/// The name as text, if it is one that can be looked up: names travel in ASCII, and a resolver could take a blank or
/// a slash for something else.
fn host_name(name: &Name) -> Option<&str> {
    let text = std::str::from_utf8(name.as_bytes()).ok()?;
    text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/').then_some(text)
}

async fn try_in_turn(
    addresses: &[SocketAddr],
    deadline: Instant,
    listening: &[SocketAddr],
) -> Result<TcpStream, Refusal> {
    let mut told = Refusal::UnknownName(io::ErrorKind::NotFound.into());
    for (index, &address) in addresses.iter().enumerate() {
        // A silent address must leave time for those after it.
        let share = (deadline - Instant::now()) / (addresses.len() - index) as u32;
        match try_one(address, share, listening).await {
            Ok(stream) => return Ok(stream),
            Err(refusal) => {
                debug!("{address}: {refusal}");
                told = if index == 0 { refusal } else { told.or_further(refusal) };
            }
        }
    }
    Err(told)
}

async fn try_one(
    target: SocketAddr,
    limit: Duration,
    listening: &[SocketAddr],
) -> Result<TcpStream, Refusal> {
    if target.ip().is_unspecified() {
        return Err(Refusal::Unspecified(target));
    }
    if listening.iter().any(|&address| is_at(target, address)) {
        return Err(Refusal::Loop(target));
    }
    match timeout(limit, open(target)).await {
        Err(_) => Err(Refusal::TimedOut(target)),
        Ok(Err(error)) if has_no_source(target, &error) => Err(Refusal::FamilyImpossible(target)),
        Ok(connected) => connected.map_err(|error| Refusal::Connect(target, error)),
    }
}

/// Whether a connection to `target` would reach the socket that listens on `listening`.
fn is_at(target: SocketAddr, listening: SocketAddr) -> bool {
    target.port() == listening.port()
        && (target.ip() == listening.ip()
            || listening.ip().is_unspecified()
                && target.is_ipv4() == listening.is_ipv4()
                && belongs_to_this_host(target.ip()))
}

fn belongs_to_this_host(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

async fn open(target: SocketAddr) -> io::Result<TcpStream> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    tune(SockRef::from(&socket));
    socket.connect(target).await
}

/// Whether the reason is that this host has no address of the target's family, rather than no port left to use.
fn has_no_source(target: SocketAddr, error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::ADDRNOTAVAIL) && source_for(target).is_err()
}

/// A connected UDP socket sends nothing, but is given the address that would be used.
fn source_for(target: SocketAddr) -> io::Result<SocketAddr> {
    let any: IpAddr =
        if target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(target)?;
    socket.local_addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(target: &str, listening: &str) -> bool {
        is_at(target.parse().unwrap(), listening.parse().unwrap())
    }

    #[test]
    fn knows_itself() {
        assert!(at("127.0.0.1:1080", "127.0.0.1:1080"));
        assert!(at("127.0.0.9:1080", "0.0.0.0:1080"));
        assert!(at("[::1]:1080", "[::]:1080"));
        assert!(!at("127.0.0.1:80", "0.0.0.0:1080"));
        assert!(!at("127.0.0.2:1080", "127.0.0.1:1080"));
        assert!(!at("[::1]:1080", "0.0.0.0:1080"));
        assert!(!at("192.0.2.7:1080", "0.0.0.0:1080"));
    }

    #[test]
    fn looks_up_nothing_that_is_no_name() {
        let name = |bytes: &[u8]| host_name(&Name::new(bytes).unwrap()).map(str::to_owned);
        assert_eq!(name(b"www.example.org").as_deref(), Some("www.example.org"));
        assert_eq!(name(b"_srv.x-y.example").as_deref(), Some("_srv.x-y.example"));
        for bad in [&b"a b"[..], b"a/b", b"a\nb", b"\xff", "zo\u{eb}".as_bytes()] {
            assert_eq!(name(bad), None);
        }
    }
}
