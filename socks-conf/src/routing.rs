//! The routing decision: one question of the application, one answer.
//!
//! A pure function over [`Config`] that neither allocates nor resolves: it runs inside connect(2), where a
//! look-up would itself be a packet past the proxy. Names are therefore compared as names, as Dante does with
//! `resolveprotocol: fake`.

use crate::matching::{Match, PASSES};
use crate::{Command, Config, Mode, Process, Protocol, Proxy, ProxyHost, ProxyProtocol, Route, Search, Via};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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
    /// The target. The unspecified address in a [`Command::Bind`] stands for a target not known yet.
    pub to: Host<'a>,
    /// The target's port; `None` when it is not known yet, as in a name look-up.
    pub port: Option<u16>,
    /// Who makes it.
    pub process: Process<'a>,
}

/// Where a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// Past every proxy.
    Direct(&'a Route),
    /// Nowhere: the call fails.
    Block(&'a Route),
    /// Through the proxies of the route's `via`, speaking this with the first that can serve the call; see
    /// [`Config::through`] for the ones to fail over to.
    Proxy(&'a Route, ProxyProtocol),
    /// No route matches: the call fails.
    NoRoute,
}

impl Config {
    /// Decides one call.
    ///
    /// With [`Search::FirstMatch`] the first route that matches decides. With [`Search::ByProxyProtocol`]
    /// all routes are searched for a direct one, then all for a socks_v4 one, then socks_v5, then http, as
    /// Dante does, after [`Config::automatic`]. A block route, which Dante does not have, hides the routes below it from every search.
    ///
    /// | `to:` | matches |
    /// | --- | --- |
    /// | `0/0` | every address and every name |
    /// | `0.0.0.0/0` | every IPv4 address and every name; IPv6 addresses too unless the route is direct |
    /// | other networks | addresses inside, never a name |
    /// | `.example.com` | `example.com` and every name that ends in `.example.com` |
    /// | `.` | every name |
    /// | `www.example.com` | that name |
    ///
    /// People write `0.0.0.0/0` for "everything"; a proxy or block route takes them at their word, so that
    /// IPv6 does not slip past, while a direct route lets out no more than it says. Unlike Dante we compare
    /// whole labels: `.example.com` does not match `badexample.com`. Case and a trailing dot do not count. A
    /// name that is an address literal is taken as the address, an IPv4-mapped IPv6 address as IPv4.
    ///
    /// `from:` is compared with the local address; `0/0` and `0.0.0.0/0` both match any, names match none.
    /// The target of a bind is compared only when it is known.
    ///
    /// A route about some programs or users is passed over in the processes of others. Where it is not known whose the
    /// process is, a direct route is passed over and every other one counts: nothing goes direct by mistake.
    ///
    /// When the port is not known, a direct route must match whatever it is, while a proxy route needs only
    /// a port that could match. A block route limited to ports is passed over, except that it keeps a name
    /// from being resolved directly when only the name could have told us to block the connection later.
    pub fn route(&self, question: &Question<'_>) -> Decision<'_> {
        let question = question.normalized();
        if let Some(route) = self.automatic.iter().find(|route| route.serves_direct(&question)) {
            return Decision::Direct(route);
        }
        let blocked = self.routes.iter().position(|route| route.blocks(&question));
        let routes = self.routes.get(..blocked.unwrap_or(self.routes.len())).unwrap_or_default();
        match self.search(routes, &question) {
            Some(Decision::Direct(route)) => {
                pending_block(routes, route, &question).map_or(Decision::Direct(route), Decision::Block)
            }
            Some(decision) => decision,
            None => {
                blocked.and_then(|index| self.routes.get(index)).map_or(Decision::NoRoute, Decision::Block)
            }
        }
    }

    /// The proxies of `route` that can serve the call, in order, with what to speak to each.
    ///
    /// The number is the index into [`Config::proxies`]. In a chain of all proxies only the last one is asked for
    /// the call, so it alone has to be able to express it; the others are asked for a connection to the next.
    pub fn through<'a>(
        &'a self,
        route: &'a Route,
        question: &Question<'_>,
    ) -> impl Iterator<Item = (usize, &'a Proxy, ProxyProtocol)> {
        let question = question.normalized();
        let indices = match &route.via {
            Via::Proxies(indices) => indices.as_slice(),
            Via::Direct | Via::Block => &[],
        };
        let all = matches!(route.mode, Mode::Strict | Mode::Dynamic);
        let last = indices.last().copied().filter(|_| all);
        let expressed = last.is_none_or(|last| self.spoken(route, last, &question).is_some());
        let indices = if expressed { indices } else { &[] };
        indices.iter().enumerate().filter_map(move |(place, &index)| {
            let proxy = self.proxies.get(index)?;
            let next = indices.get(place + 1).filter(|_| all).and_then(|next| self.proxies.get(*next));
            let spoken = match next {
                Some(next) => self.spoken(route, index, &next.question()),
                None => self.spoken(route, index, &question),
            };
            spoken.or(proxy.protocols.iter().next().filter(|_| all)).map(|protocol| (index, proxy, protocol))
        })
    }

    /// What to speak to the proxy at `index` of the list to ask it for this, if it has words for it.
    pub fn spoken(&self, route: &Route, index: usize, question: &Question<'_>) -> Option<ProxyProtocol> {
        let proxy = self.proxies.get(index)?;
        let speaks = |protocol: &ProxyProtocol| {
            proxy.protocols.contains(*protocol) && route.carries(*protocol, question)
        };
        PASSES.into_iter().flatten().find(speaks)
    }

    fn search<'a>(&'a self, routes: &'a [Route], question: &Question<'_>) -> Option<Decision<'a>> {
        match self.search {
            Search::FirstMatch => routes.iter().find_map(|route| self.answer(route, question)),
            Search::ByProxyProtocol => PASSES.into_iter().find_map(|pass| {
                routes.iter().find_map(|route| match pass {
                    None => route.serves_direct(question).then_some(Decision::Direct(route)),
                    Some(_) if route.has_several() && route.first_pass() == pass => {
                        self.answer(route, question)
                    }
                    Some(_) if route.has_several() => None,
                    Some(protocol) => {
                        route.serves_through(protocol, question).then_some(Decision::Proxy(route, protocol))
                    }
                })
            }),
        }
    }

    fn answer<'a>(&'a self, route: &'a Route, question: &Question<'_>) -> Option<Decision<'a>> {
        match route.via {
            Via::Direct => route.serves_direct(question).then_some(Decision::Direct(route)),
            Via::Proxies(_) if route.matches(question) != Match::No => {
                let (_, _, protocol) = self.through(route, question).next()?;
                Some(Decision::Proxy(route, protocol))
            }
            Via::Proxies(_) | Via::Block => None,
        }
    }
}

/// The block route above `direct` that may yet apply to the name that is about to be resolved.
fn pending_block<'a>(routes: &'a [Route], direct: &Route, question: &Question<'_>) -> Option<&'a Route> {
    let mut above = routes.iter().take_while(|route| !std::ptr::eq(*route, direct));
    above.find(|route| route.may_block_by_name(question))
}

impl Route {
    /// In which pass a route with several proxies is asked, whatever each of them speaks: the first of theirs.
    pub(crate) fn first_pass(&self) -> Option<ProxyProtocol> {
        PASSES.into_iter().flatten().find(|protocol| self.proxyprotocols.contains(*protocol))
    }
}

impl Proxy {
    /// What the proxy before this one in a chain is asked.
    pub fn question(&self) -> Question<'_> {
        Question {
            command: Command::Connect,
            protocol: Protocol::Tcp,
            from: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
            to: match &self.host {
                ProxyHost::Ip(address) => Host::Ip(*address),
                ProxyHost::Name(name) => Host::Name(name),
            },
            port: Some(self.port),
            process: Process::default(),
        }
    }
}

impl Question<'_> {
    /// The same question with address literals and mapped addresses as what they mean.
    pub(crate) fn normalized(&self) -> Question<'_> {
        let to = match self.to {
            Host::Ip(address) => Host::Ip(address.to_canonical()),
            Host::Name(name) => match name.parse::<IpAddr>() {
                Ok(address) => Host::Ip(address.to_canonical()),
                Err(_) => Host::Name(name.strip_suffix('.').unwrap_or(name)),
            },
        };
        let from = SocketAddr::new(self.from.ip().to_canonical(), self.from.port());
        Question { to, from, ..*self }
    }

    pub(crate) fn has_no_target_yet(&self) -> bool {
        self.command == Command::Bind && matches!(self.to, Host::Ip(address) if address.is_unspecified())
    }
}
