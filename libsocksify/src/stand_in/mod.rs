//! In a name server's place: what an application sends to port 53, and what no route sends there directly, is answered by
//! the name engine. So programs with a resolver of their own work through proxies that carry no datagrams, and get the fake
//! addresses that getaddrinfo(3) would have given them.
//!
//! The application's socket is its own, here as elsewhere. Datagrams are answered by one of ours on loopback, which is to
//! the socket what the relay of a proxy is to others; a stream is connected to a listener of ours that takes this one
//! connection. Questions that are answered by others are waited for on short-lived threads.

mod crew;
mod datagram;
mod stream;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libc::c_int;

pub(crate) use datagram::{answer, responder};
pub(crate) use stream::connect;

fn loopback(family: c_int) -> IpAddr {
    match family {
        libc::AF_INET6 => Ipv6Addr::LOCALHOST.into(),
        _ => Ipv4Addr::LOCALHOST.into(),
    }
}
