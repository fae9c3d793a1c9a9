//! Reaches the target of a request: finds its addresses and races them until one connects.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use log::debug;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::IpBindAddressNoPort;
use rustix::io::Errno;
use socket2::SockRef;
use socks_proto::{Address, Host};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::external::any_port;
use crate::lookup::resolve;
use crate::outgoing::source_for;
use crate::outlook::Outlook;
use crate::refusal::Refusal;
use crate::stream::tune;

/// What an address has over the next one before that is tried beside it (RFC 8305, 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// A connection, and the address that it leads to.
type Reached = (TcpStream, SocketAddr);

/// Connects to `target`.
pub(crate) async fn connect(target: &Address, outlook: Outlook<'_>) -> Result<Reached, Refusal> {
    let deadline = Instant::now() + outlook.timeout;
    let lookup = resolve(target, outlook.hosts, &outlook.turns);
    let addresses = timeout_at(deadline, lookup).await.map_err(|_| Refusal::LookupTimedOut)??;
    let name = match &target.host {
        Host::Name(name) => Some(name),
        Host::Ip(_) => None,
    };
    let mut told = None;
    let mut admitted = Vec::with_capacity(addresses.len());
    for address in alternating(addresses) {
        match outlook.judge(address, name) {
            Ok(source) => admitted.push((address, source)),
            Err(refusal) => note(&mut told, refusal),
        }
    }
    match admitted[..] {
        [(address, source)] => attempt(address, source, deadline).await.map_err(|refusal| {
            note(&mut told, refusal);
            furthest(told)
        }),
        _ => race(&admitted, deadline, told).await,
    }
}

/// Tries the addresses in their order: the next one as soon as one has failed, or beside those that take their time.
async fn race(
    addresses: &[(SocketAddr, Option<IpAddr>)],
    deadline: Instant,
    mut told: Option<Refusal>,
) -> Result<Reached, Refusal> {
    let mut untried = addresses.iter();
    let mut running = JoinSet::new();
    loop {
        if let Some(&(address, source)) = untried.next() {
            running.spawn(attempt(address, source, deadline));
        }
        tokio::select! {
            biased;
            Some(ended) = running.join_next() => match ended {
                Ok(Ok(reached)) => return Ok(reached),
                Ok(Err(refusal)) => note(&mut told, refusal),
                Err(_) => {}
            },
            () = sleep(HEAD_START), if untried.len() > 0 => {}
            else => return Err(furthest(told)),
        }
    }
}

fn note(told: &mut Option<Refusal>, refusal: Refusal) {
    *told = Some(match told.take() {
        Some(earlier) => earlier.or_further(refusal),
        None => refusal,
    });
}

fn furthest(told: Option<Refusal>) -> Refusal {
    told.unwrap_or_else(|| Refusal::UnknownName(io::ErrorKind::NotFound.into()))
}

/// The same addresses, families taking turns where there are two (RFC 8305, 4): if one family leads nowhere, the second
/// attempt is of the other.
fn alternating(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first().map(SocketAddr::is_ipv4) else { return addresses };
    let (mut preferred, mut others): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv4() == first);
    let turns = preferred.len().max(others.len());
    let (mut preferred, mut others) = (preferred.drain(..), others.drain(..));
    (0..turns).flat_map(|_| [preferred.next(), others.next()]).flatten().collect()
}

async fn attempt(target: SocketAddr, source: Option<IpAddr>, deadline: Instant) -> Result<Reached, Refusal> {
    let connected = match timeout_at(deadline, open(target, source)).await {
        Err(_) => Err(Refusal::TimedOut(target)),
        Ok(Err(error)) if has_no_source(target, &error) => Err(Refusal::FamilyImpossible(target)),
        Ok(Err(error)) => Err(Refusal::Connect(target, error)),
        Ok(Ok(stream)) => Ok((stream, target)),
    };
    connected.inspect_err(|refusal| debug!("{target}: {refusal}"))
}

async fn open(target: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    tune(SockRef::from(&socket));
    if let Some(source) = source {
        // The port is chosen when the target is known, so that many connections can have the same.
        let _ = setsockopt(&socket, IpBindAddressNoPort, &true);
        socket.bind(any_port(source))?;
    }
    socket.connect(target).await
}

/// Whether the reason is that this host has no address of the target's family, rather than no port left to use.
fn has_no_source(target: SocketAddr, error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::ADDRNOTAVAIL) && source_for(target).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let order = |addresses: &[&str]| -> Vec<String> {
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            alternating(addresses).iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            order(&["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1", "10.0.0.2:1"]),
            ["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "[::3]:1"]
        );
        assert_eq!(order(&["10.0.0.1:1", "10.0.0.2:1"]), ["10.0.0.1:1", "10.0.0.2:1"]);
        assert!(order(&[]).is_empty());
    }
}
