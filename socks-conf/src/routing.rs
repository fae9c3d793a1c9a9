//! The routing decision: one question of the application, one answer.

use crate::{Command, Config, Protocol, ProxyProtocol, Route};
use std::net::{IpAddr, SocketAddr};

/// What the application wants to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host<'a> {
    /// An address.
    Ip(IpAddr),
    /// A name that is not resolved here.
    Name(&'a str),
}

/// One call of the application.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The operation.
    pub command: Command,
    /// The transport protocol of the socket.
    pub protocol: Protocol,
    /// The local address of the socket; unbound: 0.0.0.0 port 0.
    pub from: SocketAddr,
    /// The target.
    pub to: Host<'a>,
    /// The target's port; `None` when it is not known yet, as in a name look-up.
    pub port: Option<u16>,
}

/// Where a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// Past every proxy.
    Direct(&'a Route),
    /// Nowhere: the call fails.
    Block(&'a Route),
    /// Through the proxies of the route's `via`, speaking this.
    Proxy(&'a Route, ProxyProtocol),
    /// No route matches: the call fails.
    NoRoute,
}

impl Config {
    /// Decides one call.
    pub fn route(&self, _question: &Question<'_>) -> Decision<'_> {
        Decision::NoRoute
    }
}
