//! The driver of the name engine: DNS queries of the application, by whatever way they come, are answered with what is
//! known here, or by a name server that is asked through the proxy, over TCP.
//!
//! No query about a remote name goes past the proxy by accident. A name server that the configuration or the application
//! named is asked the way its route leads. One that only `/etc/resolv.conf` names is passed over where its route is
//! direct: a route for the neighbourhood was not written to let out names. Names with a direct route, and only those, are
//! left to libc and whomever it asks.

mod known;
mod line;
mod lookup;
mod outcome;
mod relayed;
mod servers;
mod tor;

use std::net::{IpAddr, SocketAddr};

use libc::c_int;
use socks_conf::ResolveProtocol;
use socks_dns::{Asked, Outcome, Refusal, Verdict, question};

use crate::configuration::runtime;
use crate::hosts::Entry;
use crate::res_state::State;
use crate::{resolver, search, sys};
use known::Known;
pub(crate) use outcome::Failure;

/// The answer to a DNS query where nobody has to be asked for it. It has at most `limit` bytes: `datagram_limit` of the query,
/// or 65,535 on a stream.
pub(crate) fn at_once(query: &[u8], limit: usize) -> Option<Vec<u8>> {
    match socks_dns::answer(query, limit, &Known) {
        Verdict::Answer(answer) => Some(answer),
        Verdict::Forward | Verdict::Drop => None,
    }
}

/// The answer to a DNS query, `None` where it is none; `server` is the name server the application addressed it to, if it
/// named one. This may take long.
pub(crate) fn answer(query: &[u8], server: Option<SocketAddr>, limit: usize) -> Option<Vec<u8>> {
    at_once(query, limit).or_else(|| {
        let failure = failure(query)?;
        Some(socks_dns::fit(forwarded(query, server).unwrap_or(failure), limit))
    })
}

/// The answer where nobody can be asked, `None` where the query is none.
pub(crate) fn failure(query: &[u8]) -> Option<Vec<u8>> {
    socks_dns::refusal(query, Refusal::ServFail)
}

/// Whether resolv.conf(5) names this server: an application that uses it has not chosen it.
pub(crate) fn is_configured(server: IpAddr) -> bool {
    servers::resolv_conf().names(server)
}

/// A name server's answer, whoever has to be asked.
fn forwarded(query: &[u8], server: Option<SocketAddr>) -> Option<Vec<u8>> {
    let is_local = match socks_dns::asked_address(query) {
        Some(address) => resolver::reverse_goes_direct(address),
        None => resolver::may_be_asked_for(&socks_dns::asked(query).unwrap_or_default()),
    };
    if is_local {
        return resolver::query_locally(query);
    }
    let by_proxy = if mode() == ResolveProtocol::Tor { tor::answer(query) } else { None };
    by_proxy.or_else(|| lookup::through_the_proxy(&[query.to_vec()], server)?.into_iter().next().flatten())
}

fn mode() -> ResolveProtocol {
    runtime().map_or(ResolveProtocol::Fake, |runtime| runtime.config.resolveprotocol)
}

/// A remote host with its real addresses, IPv4 before IPv6, where the mode is not to do without them; the name may be short for
/// one in a domain of resolv.conf(5). This may take long.
pub(crate) fn host(name: &[u8], family: c_int) -> Result<Entry, Failure> {
    if mode() == ResolveProtocol::Tor {
        return host_by_proxy(name, family);
    }
    let state = State::of_thread().ok_or(Failure::Fatal)?;
    search::search(&state, name, |name| host_by_name_server(name, family))
}

fn host_by_proxy(name: &[u8], family: c_int) -> Result<Entry, Failure> {
    let ip = tor::resolve(name)?;
    let other = if ip.is_ipv4() { libc::AF_INET6 } else { libc::AF_INET };
    let entry = Entry { name: name.to_vec(), aliases: Vec::new(), addresses: vec![ip] };
    if family == other { Err(Failure::NoData) } else { Ok(entry) }
}

fn host_by_name_server(name: &[u8], family: c_int) -> Result<Entry, Failure> {
    let of_each_family = [(libc::AF_INET6, Asked::V4(name)), (libc::AF_INET, Asked::V6(name))];
    let asked = of_each_family.into_iter().filter(|(other, _)| family != *other);
    let queries: Option<Vec<_>> = asked.map(|(_, asked)| question(sys::random(), asked)).collect();
    let answers = lookup::through_the_proxy(&queries.ok_or(Failure::NoName)?, None).ok_or(Failure::Fatal)?;
    let read = |answer: &Option<Vec<u8>>| answer.as_deref().map_or(Outcome::Failed, socks_dns::host);
    outcome::merged(answers.iter().map(read))
}

/// The name of an address that stands for none and is not known here. With fake addresses nobody is asked: the names that
/// programs meet are behind those. This may take long.
pub(crate) fn name_of(ip: IpAddr) -> Result<Vec<u8>, Failure> {
    match mode() {
        ResolveProtocol::Fake | ResolveProtocol::Local => return Err(Failure::NoName),
        ResolveProtocol::Tor => return tor::resolve_ptr(ip),
        ResolveProtocol::Tcp | ResolveProtocol::Udp => {}
    }
    let query = question(sys::random(), Asked::Name(ip)).ok_or(Failure::NoName)?;
    let answers = lookup::through_the_proxy(&[query], None).ok_or(Failure::Fatal)?;
    let answer = answers.into_iter().next().flatten().ok_or(Failure::Again)?;
    outcome::result(socks_dns::name(&answer))
}
