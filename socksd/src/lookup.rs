//! From the host of a request to its addresses.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use log::debug;
use socks_proto::{Address, Host, Name};
use tokio::task::spawn_blocking;

use crate::hosts::Hosts;
use crate::refusal::Refusal;
use crate::turns::Turns;

/// The addresses of `target`, at least one, in the order in which they are to be tried.
pub(crate) async fn resolve(
    target: &Address,
    hosts: &Hosts,
    turns: &Turns,
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
    let found = in_turn(turns, move || (owned.as_str(), port).to_socket_addrs()).await;
    for address in found.map_err(Refusal::UnknownName)? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    debug!("{name} is {addresses:?}");
    Ok(addresses)
}

/// Asks the system's resolver on a thread of its own. The turn lasts for as long as that is busy: the resolver cannot be
/// interrupted when nobody waits any more.
pub(crate) async fn in_turn<T: Send + 'static>(
    turns: &Turns,
    ask: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let turn = turns.next().await;
    let lookup = spawn_blocking(move || {
        let found = ask();
        drop(turn);
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
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;
    use crate::turns::Threads;

    #[tokio::test]
    async fn a_name_server_that_is_silent_for_one_host_holds_up_no_other() {
        /// More than one host gets.
        const MANY: usize = 64;
        let threads: Arc<Threads> = Arc::default();
        let of = |last| Turns::of([192, 0, 2, last].into(), Arc::clone(&threads));
        let (begun, beginnings) = channel();
        let (speak, silence) = channel::<()>();
        let silence = Arc::new(Mutex::new(silence));
        let stuck: Vec<_> = (0..MANY)
            .map(|_| {
                let (turns, silence, begun) = (of(1), Arc::clone(&silence), begun.clone());
                let ask = move || {
                    let _ = begun.send(());
                    let _ = silence.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    Ok(())
                };
                tokio::spawn(async move { in_turn(&turns, ask).await })
            })
            .collect();
        while beginnings.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(in_turn(&of(2), || Ok(2)).await.unwrap(), 2);
        assert!(stuck.iter().all(|lookup| !lookup.is_finished()));
        drop(speak);
        for lookup in stuck {
            lookup.await.unwrap().unwrap();
        }
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
