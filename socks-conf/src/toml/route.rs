//! `[[route]]` tables.

use super::file::RouteTable;
use super::words::Words;
use super::{Reader, Result, port};
use crate::caution::Caution;
use crate::choice::Choice;
use crate::dante::{Model, dotted_prefix, is_mapped, literal, misleading, named_place};
use crate::keyword::{COMMANDS, PROTOCOLS};
use crate::mode::{self, Mode};
use crate::problem::Problem;
use crate::set::{Member, Set};
use crate::sockd::is_interface_label;
use crate::{
    BlockErrno, Callers, Command, Diagnostic, Endpoint, Network, Place, Ports, Program, Protocol, Route,
    User, Via,
};
use ::toml::Spanned;
use std::net::{IpAddr, Ipv4Addr};

impl Reader<'_> {
    /// Adds the routes; the mistakes in those that cannot be read.
    pub(super) fn take_routes(&mut self, routes: Vec<Spanned<RouteTable>>) -> Vec<Diagnostic> {
        let mut mistakes = Vec::new();
        for table in routes {
            let line = self.text.line_of(table.span().start);
            mistakes.extend(self.take_route(table.into_inner(), line).err().map(|mistake| *mistake));
        }
        mistakes
    }

    /// Adds one route for each `from`, which is the same as one with all of them where the first match decides.
    fn take_route(&mut self, table: RouteTable, line: u32) -> Result<()> {
        let via = self.via(&table.via)?;
        let to = self.targets(&table)?;
        let errno = self.errno(table.errno.as_ref(), &via)?;
        let callers = self.callers(&table)?;
        let model = match &via {
            Via::Proxies(indices) => {
                let (mode, chain_len) = self.mode(&table, indices.len())?;
                Route::through_all(&self.config.proxies, indices.clone(), mode, chain_len)
            }
            _ => {
                self.no_mode(&table)?;
                Route::without_proxy(via)
            }
        };
        let commands =
            self.members("command", table.command.as_ref(), COMMANDS, Command::ALL)?.or(model.commands);
        if let (Some(problem), Some(words)) = (model.objection_to(commands), &table.command) {
            return self.fail(words.span(), problem);
        }
        let protocols =
            self.members("protocol", table.protocol.as_ref(), PROTOCOLS, Protocol::ALL)?.or(model.protocols);
        for from in self.origins(table.from.as_ref(), &model.via)? {
            let (to, callers) = (to.clone(), callers.clone());
            let route = Route { from, to, callers, errno, commands, protocols, line, ..model.clone() };
            self.config.routes.push(route);
        }
        Ok(())
    }

    fn via(&self, words: &Words) -> Result<Via> {
        match words.as_slice() {
            [] => return self.fail(words.span(), Problem::EmptyList("via")),
            [word] if word.get_ref() == "direct" => return Ok(Via::Direct),
            [word] if word.get_ref() == "block" => return Ok(Via::Block),
            _ => {}
        }
        words.iter().map(|word| self.proxy_called(word)).collect::<Result<_>>().map(Via::Proxies)
    }

    /// How so many proxies are used, and how many of them.
    fn mode(&self, table: &RouteTable, proxies: usize) -> Result<(Mode, usize)> {
        let word = table.mode.as_ref();
        let mode = word.map_or(Ok(Mode::default()), |word| {
            Mode::from_word(word.get_ref()).or_else(|problem| self.fail(word.span(), problem))
        })?;
        let chain_len = table.chain_len.as_ref().map(|length| *length.get_ref() as usize);
        match mode::objection(proxies, mode, chain_len) {
            Some(problem) => {
                let at = table.chain_len.as_ref().map_or(table.via.span(), Spanned::span);
                self.fail(at, problem)
            }
            None => Ok((mode, chain_len.unwrap_or(1))),
        }
    }

    /// Direct and block have no proxies that could be used in some way.
    fn no_mode(&self, table: &RouteTable) -> Result<()> {
        let via = if table.via.iter().any(|word| word.get_ref() == "block") { "block" } else { "direct" };
        let mode = table.mode.as_ref().map(|word| (word.span(), "mode"));
        match mode.or_else(|| table.chain_len.as_ref().map(|length| (length.span(), "chain_len"))) {
            Some((at, keyword)) => self.fail(at, Problem::NoProxyToTalkTo { keyword, via }),
            None => Ok(()),
        }
    }

    fn proxy_called(&self, word: &Spanned<String>) -> Result<usize> {
        let name = word.get_ref();
        let problem = match self.config.proxies.iter().position(|proxy| proxy.name == *name) {
            Some(index) => return Ok(index),
            None if name == "direct" => Problem::MixedVia("direct"),
            None if name == "block" => Problem::MixedVia("block"),
            None => Problem::UnknownProxy {
                name: name.clone(),
                known: self.config.proxies.iter().map(|proxy| proxy.name.clone()).collect(),
            },
        };
        self.fail(word.span(), problem)
    }

    /// The local addresses; a name among them would never match, which must not switch a block off.
    fn origins(&mut self, words: Option<&Words>, via: &Via) -> Result<Vec<Endpoint>> {
        let Some(words) = words else {
            return Ok(vec![Endpoint::EVERYTHING]);
        };
        let places = self.places("from", words)?;
        for (word, place) in words.iter().zip(&places) {
            if !matches!(place, Place::Everything | Place::Network(_)) {
                match via {
                    Via::Block => return self.fail(word.span(), Problem::BlockFromName),
                    _ => self.warn(word.span(), Caution::FromName(word.get_ref().clone())),
                }
            }
        }
        Ok(places.into_iter().map(|place| Endpoint { place, ports: Ports::Any }).collect())
    }

    fn errno(&self, word: Option<&Spanned<String>>, via: &Via) -> Result<BlockErrno> {
        let Some(word) = word else { return Ok(BlockErrno::default()) };
        match via {
            Via::Block => {
                BlockErrno::from_word(word.get_ref()).or_else(|problem| self.fail(word.span(), problem))
            }
            _ => self.fail(word.span(), Problem::ErrnoWithoutBlock),
        }
    }

    fn callers(&self, table: &RouteTable) -> Result<Callers> {
        Ok(Callers {
            programs: self.callers_of(
                "program",
                table.program.as_ref(),
                Program::new,
                Problem::NotAProgram,
            )?,
            users: self.callers_of("user", table.user.as_ref(), User::new, Problem::NotAUser)?,
        })
    }

    fn callers_of<T>(
        &self,
        keyword: &'static str,
        words: Option<&Words>,
        read: fn(&str) -> Option<T>,
        problem: fn(String) -> Problem,
    ) -> Result<Vec<T>> {
        let Some(words) = words else { return Ok(Vec::new()) };
        if words.as_slice().is_empty() {
            return self.fail(words.span(), Problem::EmptyList(keyword));
        }
        let caller = |word: &Spanned<String>| {
            read(word.get_ref()).map_or_else(|| self.fail(word.span(), problem(word.get_ref().clone())), Ok)
        };
        words.iter().map(caller).collect()
    }

    /// Every place with every port.
    fn targets(&mut self, table: &RouteTable) -> Result<Vec<Endpoint>> {
        let places = match &table.to {
            Some(words) => self.places("to", words)?,
            None => vec![Place::Everything],
        };
        let ports = match &table.port {
            Some(words) => self.ports(words)?,
            None => vec![Ports::Any],
        };
        let with_ports = |place: &Place| {
            ports.iter().map(|ports| Endpoint { place: place.clone(), ports: *ports }).collect::<Vec<_>>()
        };
        Ok(places.iter().flat_map(with_ports).collect())
    }
}

impl<M: Model> Reader<'_, M> {
    pub(crate) fn ports(&self, words: &Words) -> Result<Vec<Ports>> {
        if words.as_slice().is_empty() {
            return self.fail(words.span(), Problem::EmptyList("port"));
        }
        let ports = |word: &Spanned<String>| match port::ports(word.get_ref()) {
            Some(ports) => Ok(ports),
            None => self.fail(word.span(), Problem::NotPorts(word.get_ref().clone())),
        };
        words.iter().map(ports).collect()
    }

    pub(crate) fn places(&mut self, keyword: &'static str, words: &Words) -> Result<Vec<Place>> {
        if words.as_slice().is_empty() {
            return self.fail(words.span(), Problem::EmptyList(keyword));
        }
        words.iter().map(|word| self.place(word)).collect()
    }

    pub(crate) fn place(&mut self, word: &Spanned<String>) -> Result<Place> {
        let text = word.get_ref().trim();
        let place = match read_place(text) {
            Ok(place) => place,
            Err(_) if M::INTERFACES && !text.contains(':') && is_interface_label(text) => {
                Place::Name(text.to_owned())
            }
            Err(problem) => return self.fail(word.span(), problem),
        };
        match &place {
            Place::Network(network) if network.has_host_bits() => {
                let written = word.get_ref().clone();
                self.warn(word.span(), Caution::HostBits { written, network: network.masked().to_string() });
            }
            Place::Name(name) => {
                if let Some(meant) = misleading(name).filter(|_| !M::INTERFACES) {
                    self.warn(word.span(), Caution::HostName { word: name.clone(), meant });
                }
            }
            _ => {}
        }
        Ok(place)
    }

    pub(crate) fn members<T: Member>(
        &self,
        keyword: &'static str,
        words: Option<&Words>,
        accepted: &'static [&'static str],
        meanings: &[T],
    ) -> Result<Set<T>> {
        let Some(words) = words else {
            return Ok(Set::EMPTY);
        };
        if words.as_slice().is_empty() {
            return self.fail(words.span(), Problem::EmptyList(keyword));
        }
        let mut members = Set::EMPTY;
        for word in words.iter() {
            if let Some(member) = meanings.get(self.word_of(keyword, word, accepted)?) {
                members.insert(*member);
            }
        }
        Ok(members)
    }
}

/// `0/0`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `2001:db8::/32`, a name, `.domain` or `.`. Unlike in Dante's
/// syntax an address without a mask is the one address: there is no list of ports it could run into.
fn read_place(text: &str) -> std::result::Result<Place, Problem> {
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address.trim(), Some(mask.trim())),
        None => (text, None),
    };
    if address == "0" {
        return match mask {
            Some("0") => Ok(Place::Everything),
            _ => Err(Problem::ZeroNeedsZero),
        };
    }
    match literal(address) {
        Some((address, _)) if is_mapped(address) => Err(Problem::MappedAddress),
        Some((address, _)) => Ok(Place::Network(Network { address, prefix: prefix(address, mask)? })),
        None if mask.is_some() => Err(Problem::MaskNotAllowed),
        None => named_place(text).ok_or_else(|| Problem::NotAnAddress(text.to_owned())),
    }
}

fn prefix(address: IpAddr, mask: Option<&str>) -> std::result::Result<u8, Problem> {
    let limit: u8 = if address.is_ipv4() { 32 } else { 128 };
    let Some(mask) = mask else {
        return Ok(limit);
    };
    match (address, mask.parse::<Ipv4Addr>(), mask.parse::<u8>()) {
        (IpAddr::V4(_), Ok(dotted), _) => {
            dotted_prefix(dotted).ok_or_else(|| Problem::MaskWithHoles(mask.to_owned()))
        }
        (_, _, Ok(prefix)) if prefix <= limit && mask.bytes().all(|byte| byte.is_ascii_digit()) => Ok(prefix),
        _ => Err(Problem::MaskTooLong { limit }),
    }
}
