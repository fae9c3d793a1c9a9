//! From the host of a request to its addresses.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use log::debug;
use socks_proto::{Address, Host, Name};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::hosts::Hosts;
use crate::refusal::Refusal;

/// The addresses of `target`, at least one, in the order in which they are to be tried.
pub(crate) async fn resolve(
    target: &Address,
    hosts: &Hosts,
    permits: &Arc<Semaphore>,
) -> Result<Vec<SocketAddr>, Refusal> {
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
    let (owned, port) = (name.to_owned(), target.port);
    let found = with_permit(permits, move || (owned.as_str(), port).to_socket_addrs()).await;
    for address in found.map_err(Refusal::UnknownName)? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    debug!("{name} is {addresses:?}");
    Ok(addresses)
}

/// Asks the system's resolver on a thread of its own, which has the permit for as long as it is busy: the resolver
/// cannot be interrupted when nobody waits any more.
pub(crate) async fn with_permit<T: Send + 'static>(
    permits: &Arc<Semaphore>,
    ask: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let lookup = spawn_blocking(move || {
        let found = ask();
        drop(permit);
        found
    });
    lookup.await.map_err(io::Error::other)?
}

/// The name as text, if it is one that can be looked up: names travel in ASCII, and a resolver could take a blank or
/// a slash for something else.
pub(crate) fn host_name(name: &Name) -> Option<&str> {
    let text = std::str::from_utf8(name.as_bytes()).ok()?;
    text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/').then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

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
