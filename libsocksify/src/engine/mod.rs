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
mod servers;

use std::net::SocketAddr;

use socks_dns::{Refusal, Verdict};

use crate::resolver;
use known::Known;

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
        let failure = socks_dns::refusal(query, Refusal::ServFail)?;
        Some(socks_dns::fit(forwarded(query, server).unwrap_or(failure), limit))
    })
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
    lookup::through_the_proxy(&[query.to_vec()], server)?.into_iter().next().flatten()
}
