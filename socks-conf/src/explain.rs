//! The routing decision with its reasons: what became of each route.

use crate::matching::Match;
use crate::{Config, Decision, Question, Route, Search, Via};
use std::fmt;

/// What became of one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It decides.
    Decides,
    /// It does not serve the command.
    Command,
    /// It does not serve the transport protocol.
    Protocol,
    /// It is about sockets with another local address.
    From,
    /// It is about other programs.
    Program,
    /// It is about other users.
    User,
    /// It is about other targets.
    To,
    /// It is about other ports of the target.
    Port,
    /// Whether it matches depends on the port, which is not known.
    PortUnknown,
    /// It matches, but none of its proxies speaks a protocol that has a request for the call.
    Inexpressible,
    /// It matches, but direct routes and routes of earlier proxy protocols are asked first, wherever they stand.
    LaterPass,
    /// It matches, but stands below the one that decides.
    Below,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Decides => "it decides",
            Reason::Command => "it does not serve this command",
            Reason::Protocol => "it does not serve this transport protocol",
            Reason::From => "it is about sockets with another local address",
            Reason::Program => "it is about other programs",
            Reason::User => "it is about other users",
            Reason::To => "it is about other targets",
            Reason::Port => "it is about other ports",
            Reason::PortUnknown => "whether it matches depends on the port",
            Reason::Inexpressible => "it matches, but what its proxies speak has no request for this",
            Reason::LaterPass => {
                "it matches, but direct routes and those of earlier protocols are asked first"
            }
            Reason::Below => "it matches, but stands below the one that decides",
        })
    }
}

/// A route and what became of it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Considered<'a> {
    /// The route.
    pub route: &'a Route,
    /// Whether nobody wrote it; see [`Config::automatic`].
    pub automatic: bool,
    /// Why it decides, or does not.
    pub reason: Reason,
}

impl Config {
    /// What became of each route when [`Config::route`] answers the question, and the answer. Automatic routes come
    /// first, then all in the order of the file; where the first match counts, those below it are left out.
    pub fn explain<'a>(&'a self, question: &Question<'_>) -> (Vec<Considered<'a>>, Decision<'a>) {
        let decision = self.route(question);
        let question = question.normalized();
        let deciding = match decision {
            Decision::Direct(route) | Decision::Block(route) | Decision::Proxy(route, _) => Some(route),
            Decision::NoRoute => None,
        };
        let is_deciding = |route: &Route| deciding.is_some_and(|decides| std::ptr::eq(decides, route));
        let position = self.routes.iter().position(is_deciding);
        let consider = |(index, route): (usize, &'a Route), automatic: bool| {
            let reason = match self.mismatch(route, &question) {
                _ if is_deciding(route) => Reason::Decides,
                Some(reason) => reason,
                None if position.is_some_and(|position| position < index) => Reason::Below,
                None => Reason::LaterPass,
            };
            Considered { route, automatic, reason }
        };
        let automatic = self.automatic.iter().enumerate().map(|route| consider(route, true));
        let mut considered: Vec<_> = automatic.collect();
        let shown = match self.search {
            Search::FirstMatch => position.map_or(self.routes.len(), |position| position + 1),
            Search::ByProxyProtocol => self.routes.len(),
        };
        considered.extend(self.routes.iter().enumerate().take(shown).map(|route| consider(route, false)));
        (considered, decision)
    }

    /// Why the route does not serve the call, if it does not.
    fn mismatch(&self, route: &Route, question: &Question<'_>) -> Option<Reason> {
        if !route.commands.contains(question.command) {
            return Some(Reason::Command);
        }
        if !route.protocols.contains(question.protocol) {
            return Some(Reason::Protocol);
        }
        if !route.leaves(question.from) {
            return Some(Reason::From);
        }
        let unknown = route.via != Via::Direct;
        if !route.callers.include_program_of(&question.process).unwrap_or(unknown) {
            return Some(Reason::Program);
        }
        if !route.is_about(&question.process) {
            return Some(Reason::User);
        }
        let is_proxied = matches!(route.via, Via::Proxies(_));
        match route.matches(question) {
            Match::No => Some(route.other_target(question)),
            Match::Perhaps if !is_proxied => Some(Reason::PortUnknown),
            _ if is_proxied && self.through(route, question).next().is_none() => Some(Reason::Inexpressible),
            _ => None,
        }
    }
}

impl Route {
    /// Whether the target or only its port is another.
    fn other_target(&self, question: &Question<'_>) -> Reason {
        let any_port = Question { port: None, ..*question };
        if self.matches(&any_port) == Match::No { Reason::To } else { Reason::Port }
    }
}
