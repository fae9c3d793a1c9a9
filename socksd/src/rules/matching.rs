//! Whether one rule is about one request.

use std::net::{IpAddr, SocketAddr};

use socks_conf::sockd::{Method, Methods, Rule};
use socks_conf::{Command, Endpoint, Place, Ports, Protocol};

use super::{Ask, Rules, Target, Who, pam_service};
use crate::interfaces::Interfaces;

/// How well a rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    No,
    /// It depends on what is not known yet.
    Perhaps,
    Yes(How),
}

/// By what the target matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct How {
    /// By its name alone.
    pub(super) by_name: bool,
    /// By its address, and not because every address matches.
    pub(super) narrow: bool,
}

impl Rules {
    pub(super) fn matches(&self, rule: &Rule, ask: &Ask<'_>, interfaces: &Interfaces) -> Match {
        let protocol = match ask.command {
            Command::UdpAssociate | Command::UdpReply => Protocol::Udp,
            Command::Connect | Command::Bind | Command::BindReply => Protocol::Tcp,
        };
        let about_it = rule.commands.contains(ask.command)
            && rule.protocols.contains(protocol)
            && rule.proxyprotocols.contains(ask.version)
            && is_about(rule, ask.who)
            && rule.from.iter().any(|from| self.is_from(from, ask.who.from, interfaces));
        if !about_it {
            return Match::No;
        }
        let matches = rule.to.iter().map(|to| self.is_to(to, &ask.target, interfaces));
        matches.fold(Match::No, Match::or)
    }

    fn is_from(&self, from: &Endpoint, application: SocketAddr, interfaces: &Interfaces) -> bool {
        let address = application.ip().to_canonical();
        let is_there = match &from.place {
            Place::Everything => true,
            Place::Network(network) => network.contains(address),
            Place::Name(name) => self.stands_for(name, address, interfaces),
            Place::Domain(_) | Place::EveryName => false,
        };
        is_there && from.ports.contains(application.port())
    }

    fn is_to(&self, to: &Endpoint, target: &Target<'_>, interfaces: &Interfaces) -> Match {
        match (self.is_at(&to.place, target, interfaces), is_port(to.ports, target.port)) {
            (Match::No, _) | (_, Match::No) => Match::No,
            (Match::Perhaps, _) | (_, Match::Perhaps) => Match::Perhaps,
            (place, _) => place,
        }
    }

    fn is_at(&self, place: &Place, target: &Target<'_>, interfaces: &Interfaces) -> Match {
        let address = target.address.map(|address| address.to_canonical());
        let by_name = Match::Yes(How { by_name: true, narrow: false });
        let by_address = |matches: bool, narrow: bool| {
            if matches { Match::Yes(How { by_name: false, narrow }) } else { Match::No }
        };
        match (place, target.name, address) {
            (Place::Everything, ..) => by_address(true, false),
            (Place::Network(network), _, Some(address)) => {
                by_address(network.contains(address), network.prefix > 0)
            }
            (Place::Name(name), Some(asked), address) if is_same(name, asked) => match address {
                Some(address) if interfaces.know(name) => by_address(interfaces.has(name, address), true),
                None if interfaces.know(name) => Match::Perhaps,
                _ => by_name,
            },
            (Place::Name(name), _, Some(address)) => {
                by_address(self.stands_for(name, address, interfaces), true)
            }
            (Place::Domain(domain), Some(asked), _) if is_below(asked, domain) => by_name,
            (Place::EveryName, Some(_), _) => by_name,
            (Place::Domain(_) | Place::EveryName, None, None) => Match::Perhaps,
            (Place::Domain(_) | Place::EveryName, ..) => Match::No,
            (Place::Network(_) | Place::Name(_), _, None) => Match::Perhaps,
        }
    }

    /// Whether a name in a rule, that of an interface or of a host, stands for this address now.
    fn stands_for(&self, name: &str, address: IpAddr, interfaces: &Interfaces) -> bool {
        if interfaces.know(name) { interfaces.has(name, address) } else { self.names.has(name, address) }
    }
}

impl Match {
    /// The surer of two; of two that are sure, what both are sure of.
    fn or(self, other: Match) -> Match {
        match (self, other) {
            (Match::Yes(a), Match::Yes(b)) => {
                Match::Yes(How { by_name: a.by_name && b.by_name, narrow: a.narrow || b.narrow })
            }
            (Match::Yes(how), _) | (_, Match::Yes(how)) => Match::Yes(how),
            (Match::Perhaps, _) | (_, Match::Perhaps) => Match::Perhaps,
            (Match::No, Match::No) => Match::No,
        }
    }
}

fn is_port(ports: Ports, port: Option<u16>) -> Match {
    let yes = Match::Yes(How { by_name: false, narrow: false });
    match port {
        Some(port) if ports.contains(port) => yes,
        Some(_) => Match::No,
        None if ports.contains_all() => yes,
        None => Match::Perhaps,
    }
}

/// Whether the rule is about applications that have shown to be this one.
fn is_about(rule: &Rule, who: &Who) -> bool {
    let has_shown = |method: &Method| {
        let is_asked = rule.methods.is_empty() || rule.methods.contains(*method);
        let is_service = |accepting: &str| pam_service(rule).is_none_or(|service| service == accepting);
        let is_accepted = || who.services.iter().any(|accepting| is_service(accepting));
        is_asked && (*method != Method::PamUsername || is_accepted())
    };
    let shown: Methods = who.methods.iter().filter(has_shown).collect();
    if shown.is_empty() {
        return false;
    }
    !rule.names_users() || shown.iter().filter_map(|method| name(method, who)).any(|name| names(rule, name))
}

fn name(method: Method, who: &Who) -> Option<&str> {
    match method {
        Method::None => None,
        Method::Username | Method::PamUsername => who.user.as_deref(),
        Method::Rfc931 => who.ident.as_deref(),
    }
}

fn names(rule: &Rule, name: &str) -> bool {
    rule.users.iter().any(|user| user == name)
}

fn is_same(ours: &str, asked: &str) -> bool {
    let bare = |name: &str| name.strip_suffix('.').unwrap_or(name).len();
    ours.as_bytes()[..bare(ours)].eq_ignore_ascii_case(&asked.as_bytes()[..bare(asked)])
}

/// Whether `name` is `domain` or ends in `.domain`.
fn is_below(name: &str, domain: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).as_bytes();
    match name.len().checked_sub(domain.len()).map(|length| name.split_at(length)) {
        Some((labels, end)) => {
            end.eq_ignore_ascii_case(domain.as_bytes()) && matches!(labels, [] | [.., b'.'])
        }
        None => false,
    }
}
