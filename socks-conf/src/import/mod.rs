//! Configurations of other programs, read into our model: proxychains, torsocks, tsocks, and the lines of SOCKS4
//! libraries of the 1990s.
//!
//! They say the same here as there, with one exception: what those programs let past the proxy unasked (datagrams,
//! name look-ups, IPv6) stays with us where nothing else is written. What cannot be said here is refused when leaving
//! it out could let something past the proxy, or bypass one of several; else it is a warning.

mod line;
mod network;
mod proxychains;
mod socks4;
mod torsocks;
mod tsocks;

use crate::caution::Caution;
use crate::problem::Problem;
use crate::text::Text;
use crate::{
    BlockErrno, Callers, Commands, Config, Diagnostic, Endpoint, Format, Method, Mode, Network, Place, Ports,
    Protocols, Proxy, ProxyProtocol, ProxyProtocols, Route, Search, Via, Warning,
};
use std::borrow::Cow;
use std::ops::Range;

type Result<T> = std::result::Result<T, Box<Diagnostic>>;

/// Reads a whole file of another program; every mistake in it is an error.
pub(crate) fn read(
    format: Format,
    text: &Text<'_>,
    config: &mut Config,
) -> std::result::Result<(), Vec<Diagnostic>> {
    config.search = Search::FirstMatch;
    let mut import = Import { text, config, mistakes: Vec::new() };
    match format {
        Format::Proxychains => import.read_proxychains(),
        Format::Torsocks => import.read_torsocks(),
        Format::Tsocks => import.read_tsocks(),
        Format::Socks4Lines => import.read_socks4_lines(),
        Format::ServerAccessList | Format::LibSocks5 => {}
    }
    if import.mistakes.is_empty() { Ok(()) } else { Err(import.mistakes) }
}

struct Import<'a> {
    text: &'a Text<'a>,
    config: &'a mut Config,
    mistakes: Vec<Diagnostic>,
}

impl<'a> Import<'a> {
    fn fail<T>(&self, range: Range<usize>, problem: Problem) -> Result<T> {
        Err(Box::new(Diagnostic { location: self.text.locate(range), problem }))
    }

    fn refuse<T>(&self, range: Range<usize>, reason: &'static str) -> Result<T> {
        let what = self.str(&range).into_owned();
        self.fail(range, Problem::Refused { what, reason })
    }

    fn unfit<T>(&self, range: Range<usize>, reason: &'static str) -> Result<T> {
        let what = self.str(&range).into_owned();
        self.fail(range, Problem::Unfit { what, reason })
    }

    fn not_a_proxy<T>(&self, range: Range<usize>) -> Result<T> {
        self.expected(range, "the address or the name of a proxy")
    }

    fn expected<T>(&self, range: Range<usize>, expected: &'static str) -> Result<T> {
        let found = match self.str(&range) {
            Cow::Borrowed("") if range.start >= self.text.bytes.len() => "the end of the file".to_owned(),
            Cow::Borrowed("") => "the end of the line".to_owned(),
            found => format!("`{found}`"),
        };
        self.fail(range, Problem::Expected { expected, found })
    }

    /// Goes on behind a mistake.
    fn note(&mut self, read: Result<()>) {
        self.mistakes.extend(read.err().map(|mistake| *mistake));
    }

    fn warn(&mut self, range: Range<usize>, caution: Caution) {
        self.config.warnings.push(Warning { location: self.text.locate(range), caution });
    }

    fn no_effect(&mut self, range: Range<usize>, reason: &'static str) {
        let what = self.str(&range).into_owned();
        self.warn(range, Caution::NoEffect { what, reason });
    }

    fn str(&self, range: &Range<usize>) -> Cow<'a, str> {
        String::from_utf8_lossy(self.text.slice(range.clone()))
    }

    /// Adds a route that goes direct or is blocked.
    fn add_route(&mut self, to: Vec<Endpoint>, via: Via, line: u32) {
        let route = Route::without_proxy(via);
        self.config.routes.push(Route { to, line, ..route });
    }

    /// Adds a route through proxies, tried in order.
    fn add_route_through(&mut self, to: Vec<Endpoint>, proxies: Vec<usize>, line: u32) {
        self.add_route_in_mode(to, proxies, (Mode::FailOver, 1), line);
    }

    /// Adds a route through proxies that are used as the mode and the length of the chain say.
    fn add_route_in_mode(
        &mut self,
        to: Vec<Endpoint>,
        proxies: Vec<usize>,
        (mode, chain_len): (Mode, usize),
        line: u32,
    ) {
        let route = Route::through_all(&self.config.proxies, proxies, mode, chain_len);
        self.config.routes.push(Route { to, line, ..route });
    }

    fn add_proxy(&mut self, proxy: Proxy) -> usize {
        let known = self.config.proxies.iter().position(|known| *known == proxy);
        known.unwrap_or_else(|| {
            self.config.proxies.push(proxy);
            self.config.proxies.len() - 1
        })
    }
}

/// What a proxy of version 4 is asked for: names go in the form of SOCKS4a, as they have no other.
fn socks4() -> ProxyProtocols {
    ProxyProtocols::from([ProxyProtocol::SocksV4, ProxyProtocol::SocksV4a])
}

impl Route {
    /// A route that asks no proxy, with what such a route serves; its targets are to be added.
    pub(crate) fn without_proxy(via: Via) -> Route {
        Route {
            from: Endpoint::EVERYTHING,
            to: Vec::new(),
            commands: Commands::of(&via, ProxyProtocols::EMPTY),
            protocols: Protocols::all(),
            via,
            errno: BlockErrno::default(),
            callers: Callers::default(),
            proxyprotocols: ProxyProtocols::EMPTY,
            mode: Mode::FailOver,
            chain_len: 1,
            methods: vec![Method::None],
            line: 0,
        }
    }
}

impl Endpoint {
    /// The addresses of a network, never a name.
    fn addresses(network: Network, ports: Ports) -> Vec<Endpoint> {
        let halves = if network.is_all_ipv4() { network.halves() } else { vec![network] };
        halves.into_iter().map(|half| Endpoint { place: Place::Network(half), ports }).collect()
    }
}
