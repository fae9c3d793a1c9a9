//! Routes that nobody wrote: where Dante's rules hold, what a program sends to a proxy itself is not sent through it.

use crate::caution::Caution;
use crate::text::Text;
use crate::{
    BlockErrno, Callers, Command, Commands, Config, Decision, Endpoint, Host, Method, Mode, Network, Place,
    Ports, Process, Protocol, Protocols, Proxy, ProxyHost, ProxyProtocols, Question, Route, Search, Via,
    Warning,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

impl Config {
    /// Adds a direct route to the address and port of each proxy, as Dante does. A proxy known by name has none: to
    /// find its address, the name would have to be resolved.
    pub(crate) fn add_automatic_routes(&mut self) {
        if self.search == Search::FirstMatch {
            return;
        }
        for route in &self.routes {
            for proxy in route.entrances().iter().filter_map(|index| self.proxies.get(*index)) {
                if let ProxyHost::Ip(address) = proxy.host {
                    let automatic = Route::to_proxy(address, proxy.port, route.line);
                    if !self.automatic.iter().any(|known| known.to == automatic.to) {
                        self.automatic.push(automatic);
                    }
                }
            }
        }
    }

    /// Warns, where routes are not added, of each that leads connections to its own proxy through that proxy although it
    /// is about some places only: one for everything was hardly meant to except the proxy.
    pub(crate) fn warn_about_own_addresses(&mut self, text: &Text<'_>) {
        if self.search == Search::ByProxyProtocol {
            return;
        }
        let warnings: Vec<Warning> = (0..self.proxies.len())
            .filter_map(|index| self.own_route(index))
            .map(|(route, proxy)| Warning {
                location: text.locate(text.beginning_of(route.line)),
                caution: Caution::OwnAddress(proxy.to_string()),
            })
            .collect();
        self.warnings.extend(warnings);
    }

    fn own_route(&self, index: usize) -> Option<(&Route, &Proxy)> {
        let proxy = self.proxies.get(index)?;
        let ProxyHost::Ip(address) = proxy.host else { return None };
        let question = Question {
            command: Command::Connect,
            protocol: Protocol::Tcp,
            from: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
            to: Host::Ip(address),
            port: Some(proxy.port),
            process: Process::default(),
        };
        match self.route(&question) {
            Decision::Proxy(route, _) if !address.is_loopback() && route.is_about_some_places() => {
                route.entrances().contains(&index).then_some((route, proxy))
            }
            _ => None,
        }
    }
}

impl Route {
    fn to_proxy(address: IpAddr, port: u16, line: u32) -> Route {
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        Route {
            from: Endpoint::EVERYTHING,
            to: vec![Endpoint {
                place: Place::Network(Network { address, prefix }),
                ports: Ports::Equal(port),
            }],
            via: Via::Direct,
            errno: BlockErrno::default(),
            callers: Callers::default(),
            commands: Commands::from([Command::Connect]),
            protocols: Protocols::from([Protocol::Tcp]),
            proxyprotocols: ProxyProtocols::EMPTY,
            mode: Mode::FailOver,
            chain_len: 1,
            methods: vec![Method::None],
            line,
        }
    }

    fn is_about_some_places(&self) -> bool {
        !self.to.iter().any(|to| to.place.is_everything())
    }
}
