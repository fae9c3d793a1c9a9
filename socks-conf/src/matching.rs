//! Whether one route matches one call: the comparison behind [`Config::route`](crate::Config::route).

use crate::{Command, Endpoint, Host, Method, Place, Process, Protocol, ProxyProtocol, Question, Route, Via};
use std::net::{IpAddr, SocketAddr};

/// The passes of [`Search::ByProxyProtocol`](crate::Search::ByProxyProtocol); `None` is the pass over the direct routes.
pub(crate) const PASSES: [Option<ProxyProtocol>; 5] = [
    None,
    Some(ProxyProtocol::SocksV4),
    Some(ProxyProtocol::SocksV4a),
    Some(ProxyProtocol::SocksV5),
    Some(ProxyProtocol::Http),
];

/// How well a route matches a question whose port may be unknown; the larger, the surer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Match {
    No,
    /// It depends on the port.
    Perhaps,
    Yes,
}

impl Route {
    pub(crate) fn blocks(&self, question: &Question<'_>) -> bool {
        self.via == Via::Block && self.matches(question) == Match::Yes
    }

    pub(crate) fn serves_direct(&self, question: &Question<'_>) -> bool {
        self.via == Via::Direct && self.matches(question) == Match::Yes
    }

    pub(crate) fn serves_through(&self, protocol: ProxyProtocol, question: &Question<'_>) -> bool {
        matches!(self.via, Via::Proxies(_))
            && self.carries(protocol, question)
            && self.matches(question) != Match::No
    }

    /// Whether `protocol` may be spoken on this route and can express the call.
    pub(crate) fn carries(&self, protocol: ProxyProtocol, question: &Question<'_>) -> bool {
        let authentication = match protocol {
            ProxyProtocol::SocksV4 | ProxyProtocol::SocksV4a => self.offers(Method::None),
            ProxyProtocol::SocksV5 | ProxyProtocol::Http => true,
        };
        authentication && self.proxyprotocols.contains(protocol) && protocol.expresses(question)
    }

    /// Whether this is a block route that could turn out to match once the port is known, and that an
    /// address found by resolving the name would get past.
    pub(crate) fn may_block_by_name(&self, question: &Question<'_>) -> bool {
        let only_by_name = |to: &Endpoint| {
            matches!(to.place, Place::Name(_) | Place::Domain(_) | Place::EveryName)
                && self.reaches(to, question) == Match::Perhaps
        };
        self.via == Via::Block && self.matches(question) == Match::Perhaps && self.to.iter().any(only_by_name)
    }

    pub(crate) fn matches(&self, question: &Question<'_>) -> Match {
        let serves = self.commands.contains(question.command) && self.protocols.contains(question.protocol);
        if !serves || !self.leaves(question.from) || !self.is_about(&question.process) {
            return Match::No;
        }
        if question.has_no_target_yet() {
            return Match::Yes;
        }
        self.to.iter().map(|to| self.reaches(to, question)).max().unwrap_or(Match::No)
    }

    /// Whether the route is about this process; one that is not known gets past every direct route and no other.
    pub(crate) fn is_about(&self, process: &Process<'_>) -> bool {
        let unknown = self.via != Via::Direct;
        self.callers.include_program_of(process).unwrap_or(unknown)
            && self.callers.include_user_of(process).unwrap_or(unknown)
    }

    pub(crate) fn leaves(&self, from: SocketAddr) -> bool {
        let place = match &self.from.place {
            Place::Everything => true,
            Place::Network(network) => network.is_all_ipv4() || network.contains(from.ip()),
            Place::Name(_) | Place::Domain(_) | Place::EveryName => false,
        };
        place && self.from.ports.contains(from.port())
    }

    fn reaches(&self, to: &Endpoint, question: &Question<'_>) -> Match {
        let place = match question.to {
            Host::Ip(address) => self.reaches_address(&to.place, address),
            Host::Name(name) => to.place.includes_name(name),
        };
        match question.port {
            _ if !place => Match::No,
            Some(port) if to.ports.contains(port) => Match::Yes,
            Some(_) => Match::No,
            None if to.ports.contains_all() => Match::Yes,
            None => Match::Perhaps,
        }
    }

    fn reaches_address(&self, place: &Place, address: IpAddr) -> bool {
        match place {
            Place::Everything => true,
            Place::Network(network) if network.is_all_ipv4() => address.is_ipv4() || self.via != Via::Direct,
            Place::Network(network) => network.contains(address),
            Place::Name(_) | Place::Domain(_) | Place::EveryName => false,
        }
    }
}

impl ProxyProtocol {
    /// Whether the protocol has a request for this call.
    fn expresses(self, question: &Question<'_>) -> bool {
        let tcp = question.protocol == Protocol::Tcp;
        let socks4 = tcp && matches!(question.command, Command::Connect | Command::Bind | Command::BindReply);
        match self {
            ProxyProtocol::SocksV4 => socks4 && matches!(question.to, Host::Ip(IpAddr::V4(_))),
            ProxyProtocol::SocksV4a => socks4 && !matches!(question.to, Host::Ip(IpAddr::V6(_))),
            ProxyProtocol::SocksV5 => true,
            ProxyProtocol::Http => tcp && question.command == Command::Connect,
        }
    }
}

impl Place {
    /// Whether a target known by `name`, without trailing dot, is in this place.
    pub(crate) fn includes_name(&self, name: &str) -> bool {
        match self {
            Place::Everything | Place::EveryName => true,
            Place::Network(network) => network.is_all_ipv4(),
            Place::Name(ours) => name.eq_ignore_ascii_case(ours),
            Place::Domain(domain) => is_below(name, domain),
        }
    }
}

/// Whether `name` is `domain` or ends in `.domain`.
fn is_below(name: &str, domain: &str) -> bool {
    let (name, domain) = (name.as_bytes(), domain.as_bytes());
    match name.len().checked_sub(domain.len()).and_then(|length| name.split_at_checked(length)) {
        Some((labels, end)) => end.eq_ignore_ascii_case(domain) && matches!(labels, [] | [.., b'.']),
        None => false,
    }
}
