//! Who is asked, for what, and in which protocol.

use std::fmt;
use std::net::SocketAddr;

use socks_conf::{Command, Method, Proxy, ProxyHost, ProxyProtocol};
use socks_proto::client::{Failure, Version};
use socks_proto::{Address, Credentials, Host, Name};

use super::Attempt;

impl Attempt {
    /// The address to try next of the first proxy; steps to the next proxy where one has no more.
    pub(super) fn candidate(&mut self) -> Option<SocketAddr> {
        loop {
            let (index, proxy, _) = self.proxy()?;
            let ip = self.passage.runtime.addresses(index).get(self.address);
            if let Some(ip) = ip.filter(|_| !self.is_known_to_be_unable(index)) {
                return Some(SocketAddr::new(*ip, proxy.port));
            }
            self.hops.leave_out(self.hop);
            self.address = 0;
        }
    }

    /// The proxy that is being asked: its number in the configuration, and what to speak to it.
    pub(super) fn proxy(&self) -> Option<(usize, &'static Proxy, ProxyProtocol)> {
        let (index, proxy, protocol) = self.at(self.hop)?;
        let next = self.at(self.hop + 1).map(|(_, next, _)| next);
        Some((index, proxy, self.passage.spoken(index, next).unwrap_or(protocol)))
    }

    fn at(&self, hop: usize) -> Option<(usize, &'static Proxy, ProxyProtocol)> {
        self.passage.proxy(self.hops.place(hop)?)
    }

    pub(super) fn is_last(&self) -> bool {
        self.hops.is_last(self.hop)
    }

    /// What a message calls the proxy at `hop`.
    pub(super) fn name(&self, hop: usize) -> &'static str {
        self.at(hop).map_or("nobody", |(_, proxy, _)| &proxy.name)
    }

    /// BND with the address of the last proxy where it names none: the connection we have leads to the first.
    pub(super) fn with_host(&self, bnd: Address) -> Address {
        match (self.proxy(), bnd.host) {
            (Some((_, Proxy { host: ProxyHost::Ip(own), .. }, _)), Host::Ip(ip))
                if self.hop > 0 && ip.is_unspecified() =>
            {
                Address { host: Host::Ip(*own), ..bnd }
            }
            _ => bnd,
        }
    }

    /// Whether the proxy need not be asked: it has said that it has no UDP.
    pub(super) fn is_known_to_be_unable(&self, proxy: usize) -> bool {
        self.passage.command == Command::UdpAssociate && self.passage.runtime.lacks_udp(proxy)
    }

    pub(super) fn note_lack_of_udp(&self, failure: &Failure) {
        let Some((index, proxy, _)) = self.proxy() else { return };
        if self.passage.runtime.note_lack_of_udp(index) {
            log::warn!("the proxy {proxy} carries no datagrams: {failure}");
        }
    }

    /// What the proxy is asked for: the next one, or what the application wants. From which address datagrams will come is
    /// left open: it may be translated on the way.
    pub(super) fn request(&self) -> Option<(socks_proto::Command, Address)> {
        if let Some((_, next, _)) = self.at(self.hop + 1) {
            let host = match &next.host {
                ProxyHost::Ip(ip) => Host::Ip(*ip),
                ProxyHost::Name(name) => Host::Name(Name::new(name.as_bytes()).ok()?),
            };
            return Some((socks_proto::Command::Connect, Address { host, port: next.port }));
        }
        Some(match self.passage.command {
            _ if self.asks.is_some() => (self.asks?, self.passage.target),
            Command::UdpAssociate | Command::UdpReply => {
                (socks_proto::Command::UdpAssociate, Address::UNSPECIFIED)
            }
            Command::Bind | Command::BindReply => (socks_proto::Command::Bind, self.passage.target),
            Command::Connect => (socks_proto::Command::Connect, self.passage.target),
        })
    }

    /// What to speak to the current proxy, and with which credentials.
    pub(super) fn dialect(&self) -> Option<(Version, Option<&'static Credentials>)> {
        let by_name = match self.at(self.hop + 1) {
            Some((_, next, _)) => matches!(next.host, ProxyHost::Name(_)),
            None => matches!(self.passage.target.host, Host::Name(_)),
        };
        let (index, _, protocol) = self.proxy()?;
        let version = match protocol {
            ProxyProtocol::SocksV5 => Version::Socks5,
            ProxyProtocol::SocksV4 | ProxyProtocol::SocksV4a if by_name => Version::Socks4a,
            ProxyProtocol::SocksV4 | ProxyProtocol::SocksV4a => Version::Socks4,
            ProxyProtocol::Http => Version::Http,
        };
        let takes_password = matches!(version, Version::Socks5 | Version::Http);
        let offered = self.passage.route.offers(Method::Username) || !takes_password;
        Some((version, self.passage.runtime.credentials(index, takes_password).filter(|_| offered)))
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.passage.command {
            _ if self.asks.is_some() => "question about",
            Command::UdpAssociate | Command::UdpReply => "datagrams to",
            Command::Bind | Command::BindReply => "bind to",
            Command::Connect => "connect to",
        };
        write!(f, "{what} {}", self.passage.target)?;
        let proxies = (0..=self.hop).map_while(|hop| self.at(hop));
        proxies.enumerate().try_for_each(|(hop, (_, proxy, _))| match hop {
            0 => write!(f, " via {proxy}"),
            _ => write!(f, ", {proxy}"),
        })
    }
}
