//! What a route serves when it does not say so: the defaults of Dante's table, for every dialect.

use crate::set::{Member, Set};
use crate::{
    Command, Commands, Config, Method, Place, Protocol, Protocols, Proxy, ProxyProtocol, ProxyProtocols, Via,
};

impl Commands {
    /// What a route serves that names no command. Direct routes leave out bind: a server of the application
    /// is local anyway, and the route must not take bind from the proxy routes below it.
    pub(crate) fn of(via: &Via, proxyprotocols: ProxyProtocols) -> Commands {
        match via {
            Via::Direct => Commands::from([Command::Connect, Command::UdpAssociate, Command::UdpReply]),
            Via::Block => Commands::all(),
            Via::Proxies(_) => proxyprotocols
                .iter()
                .fold(Commands::EMPTY, |commands, protocol| commands.union(protocol.commands())),
        }
    }
}

impl Protocols {
    /// What a route serves that names no protocol.
    pub(crate) fn of(proxyprotocols: ProxyProtocols) -> Protocols {
        if proxyprotocols.is_empty() || proxyprotocols.contains(ProxyProtocol::SocksV5) {
            Protocols::all()
        } else {
            Protocols::from([Protocol::Tcp])
        }
    }
}

impl ProxyProtocol {
    fn commands(self) -> Commands {
        match self {
            ProxyProtocol::SocksV4 | ProxyProtocol::SocksV4a => {
                Commands::from([Command::Connect, Command::Bind, Command::BindReply])
            }
            ProxyProtocol::SocksV5 => Commands::all(),
            ProxyProtocol::Http => Commands::from([Command::Connect]),
        }
    }
}

impl Method {
    /// The methods of a route that names none.
    pub(crate) fn defaults(proxyprotocols: ProxyProtocols) -> Vec<Method> {
        if proxyprotocols.contains(ProxyProtocol::SocksV5) {
            vec![Method::None, Method::Username]
        } else {
            vec![Method::None]
        }
    }

    /// The methods that a proxy given by URL may be offered; unlike in Dante's syntax, an HTTP proxy can have
    /// a user name there.
    pub(crate) fn possible(proxyprotocols: ProxyProtocols) -> Vec<Method> {
        if proxyprotocols.contains(ProxyProtocol::Http) {
            vec![Method::None, Method::Username]
        } else {
            Method::defaults(proxyprotocols)
        }
    }
}

impl<T: Member> Set<T> {
    /// This set, or `default` when it is empty.
    pub(crate) fn or(self, default: Set<T>) -> Set<T> {
        if self.is_empty() { default } else { self }
    }
}

impl Place {
    /// Whether it was written to mean everything.
    pub(crate) fn is_everything(&self) -> bool {
        match self {
            Place::Everything => true,
            Place::Network(network) => network.is_all_ipv4(),
            _ => false,
        }
    }
}

impl Config {
    /// Where `proxy` is in the list, to which it is added when it is new. Routes that differ in their methods
    /// do not share a proxy, so that a password reaches only those that allow it.
    pub(crate) fn proxy_index(&mut self, proxy: Proxy, methods: &[Method]) -> usize {
        let shared = self.routes.iter().find_map(|route| match &route.via {
            Via::Proxies(indices) if route.methods == methods => {
                indices.iter().copied().find(|index| self.proxies.get(*index) == Some(&proxy))
            }
            _ => None,
        });
        shared.unwrap_or_else(|| {
            self.proxies.push(proxy);
            self.proxies.len() - 1
        })
    }

    pub(crate) fn has_proxy_route(&self) -> bool {
        self.routes.iter().any(|route| matches!(route.via, Via::Proxies(_)))
    }
}
