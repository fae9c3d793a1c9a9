//! Reaches the target of a request: finds its addresses and tries one after the other until one connects.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use log::debug;
use rustix::io::Errno;
use socket2::SockRef;
use socks_proto::Address;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};

use crate::hosts::Hosts;
use crate::lookup::resolve;
use crate::outgoing::source_for;
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
}
