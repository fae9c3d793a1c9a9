//! The explanation as text, and as JSON.

use super::lookup::Lookup;
use super::names_have_stand_ins;
use super::target::Target;
use crate::args::Arguments;
use crate::check::{joined, via};
use crate::configuration;
use crate::program::Suspect;
use serde_json::{Value, json};
use socks_conf::{
    BindPolicy, Command, Config, Considered, Decision, Host, Question, Reason, Search, UdpFallback,
};
use std::fmt;
use std::net::IpAddr;

pub(crate) struct Report<'a> {
    pub(crate) arguments: &'a Arguments,
    pub(crate) config: &'a Config,
    pub(crate) target: &'a Target,
    pub(crate) lookup: Lookup,
    pub(crate) question: Question<'a>,
    /// What would keep the library out of the program that was named.
    pub(crate) program: Option<Option<Suspect>>,
}

impl Report<'_> {
    /// The question the routes are asked: about the address where the file of this machine has one.
    fn asked(&self) -> Question<'_> {
        match &self.lookup {
            Lookup::Hosts(addresses) => {
                let to = addresses.first().map_or(self.question.to, |address| Host::Ip(*address));
                Question { to, ..self.question }
            }
            _ => self.question,
        }
    }

    /// Whether the routes have no say, as the traffic does not leave this machine.
    fn stays_here(&self) -> bool {
        let here = |ip: IpAddr| ip.to_canonical().is_loopback() || ip.is_unspecified();
        self.question.command != Command::Bind && matches!(self.asked().to, Host::Ip(ip) if here(ip))
    }

    fn call(&self) -> String {
        let what = match self.question.command {
            Command::UdpAssociate => "datagrams to",
            Command::Bind => "a listener for a call from",
            _ => "a connection to",
        };
        let port = self.question.port.map_or("any port".to_owned(), |port| format!("port {port}"));
        let from = match self.question.from {
            from if from.ip().is_unspecified() && from.port() == 0 => {
                "a socket that was not bound".to_owned()
            }
            from => from.to_string(),
        };
        format!("{what} {}, {port}, from {from}{}", self.target.host, self.caller())
    }

    /// The process, where a route asks for it.
    fn caller(&self) -> String {
        let program = match &self.arguments.program {
            Some(program) => program.display().to_string(),
            None => "a program that no route names".to_owned(),
        };
        let program = self.config.names_programs().then(|| format!(", of {program}"));
        let user = self.question.process.user.filter(|_| self.config.names_users());
        program.unwrap_or_default() + &user.map_or(String::new(), |user| format!(", user ID {user}"))
    }

    fn outcome(&self, decision: &Decision<'_>) -> String {
        let question = self.asked();
        match decision {
            _ if self.stays_here() => "stays on this machine; no route is asked".to_owned(),
            Decision::Direct(_) => "direct".to_owned(),
            Decision::Block(route) => format!("refused with {}: the route is a block", route.errno.name()),
            Decision::NoRoute => "refused: no route matches".to_owned(),
            Decision::Proxy(..)
                if question.command == Command::Bind && self.config.bind == BindPolicy::Never =>
            {
                "a listener on this machine, as `bind` says".to_owned()
            }
            Decision::Proxy(route, first) => {
                let through = self.config.through(route, &question).enumerate();
                let through = through.map(|(index, (_, proxy, spoken))| {
                    let spoken = if index == 0 { *first } else { spoken };
                    format!("{} by {}", Named(proxy), socks_conf::ProxyProtocols::from([spoken]))
                });
                let through = joined(route, &through.collect::<Vec<_>>());
                let direct =
                    question.command == Command::UdpAssociate && self.config.udp == UdpFallback::Direct;
                let direct = if direct { ", or direct if it carries no datagrams" } else { "" };
                format!("through {through}{direct}")
            }
        }
    }

    fn program(&self) -> Option<String> {
        self.program.as_ref().map(|suspect| match suspect {
            None => "the library can be loaded into it".to_owned(),
            Some(suspect) => format!("would be refused, as it would bypass the proxy: {suspect}"),
        })
    }

    fn remark(&self) -> Option<&'static str> {
        let open = self.lookup.leaves_the_address_open();
        open.then_some("the program connects to the address that the look-up finds, which routes may treat otherwise than the name")
    }

    pub(crate) fn json(&self) -> String {
        let asked = self.asked();
        let (considered, decision) = self.config.explain(&asked);
        let considered: &[Considered<'_>] = if self.stays_here() { &[] } else { &considered };
        let value = json!({
            "configuration": configuration::origin(self.arguments, self.config),
            "host": self.target.host,
            "port": self.target.port,
            "command": socks_conf::Commands::from([asked.command]).to_string(),
            "protocol": socks_conf::Protocols::from([asked.protocol]).to_string(),
            "from": asked.from.to_string(),
            "name": self.lookup.to_string(),
            "name_is_left_to_the_proxy": matches!(self.lookup, Lookup::StandIn(..)) && names_have_stand_ins(self.config),
            "routes": considered.iter().map(|step| self.route(step)).collect::<Vec<Value>>(),
            "decision": self.word(&decision),
            "mode": mode(&decision),
            "proxies": self.proxies(&decision),
            "remark": self.remark(),
            "errno": match decision {
                Decision::Block(route) => Some(route.errno.name()),
                _ => None,
            },
            "user": asked.process.user,
            "program": self.program(),
        });
        format!("{value:#}\n")
    }

    fn word(&self, decision: &Decision<'_>) -> &'static str {
        match decision {
            _ if self.stays_here() => "local",
            Decision::Direct(_) => "direct",
            Decision::Block(_) => "block",
            Decision::NoRoute => "none",
            Decision::Proxy(..) => "proxy",
        }
    }

    fn route(&self, step: &Considered<'_>) -> Value {
        let to: Vec<String> = step.route.to.iter().map(ToString::to_string).collect();
        json!({
            "line": step.route.line,
            "automatic": step.automatic,
            "from": step.route.from.to_string(),
            "to": to,
            "program": words(&step.route.callers.programs),
            "user": words(&step.route.callers.users),
            "via": via(step.route, &self.config.proxies),
            "decides": step.reason == Reason::Decides,
            "reason": step.reason.to_string(),
        })
    }

    fn proxies(&self, decision: &Decision<'_>) -> Vec<Value> {
        let Decision::Proxy(route, first) = decision else { return Vec::new() };
        let asked = self.asked();
        let through = self.config.through(route, &asked).enumerate();
        let proxy = through.map(|(index, (_, proxy, spoken))| {
            let spoken = if index == 0 { *first } else { spoken };
            json!({
                "name": proxy.name,
                "host": proxy.host.to_string(),
                "port": proxy.port,
                "protocol": socks_conf::ProxyProtocols::from([spoken]).to_string(),
                "username": proxy.username,
            })
        });
        proxy.collect()
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (considered, decision) = self.config.explain(&self.asked());
        writeln!(f, "call: {}", self.call())?;
        writeln!(f, "configuration: {}", configuration::origin(self.arguments, self.config))?;
        if self.lookup != Lookup::Needless {
            writeln!(f, "name: {}", self.lookup)?;
        }
        if !self.stays_here() {
            let order = match self.config.search {
                Search::FirstMatch => "the first that matches counts",
                Search::ByProxyProtocol => "asked for direct first, then by socks_v4, socks_v5, http",
            };
            writeln!(f, "routes: {order}")?;
            considered.iter().try_for_each(|step| self.write_step(f, step))?;
        }
        writeln!(f, "outcome: {}", self.outcome(&decision))?;
        if let Some(remark) = self.remark() {
            writeln!(f, "note: {remark}")?;
        }
        match (&self.arguments.program, self.program()) {
            (Some(name), Some(verdict)) => writeln!(f, "program: {}: {verdict}", name.display()),
            _ => Ok(()),
        }
    }
}

impl Report<'_> {
    fn write_step(&self, f: &mut fmt::Formatter<'_>, step: &Considered<'_>) -> fmt::Result {
        let to: Vec<String> = step.route.to.iter().map(ToString::to_string).collect();
        let mark = if step.reason == Reason::Decides { '>' } else { ' ' };
        write!(f, "{mark} ")?;
        match step.route.line {
            0 => {}
            line if step.automatic => write!(f, "line {line}, automatic: ")?,
            line => write!(f, "line {line}: ")?,
        }
        let via = via(step.route, &self.config.proxies);
        writeln!(f, "to {}{} via {via}: {}", to.join(", "), step.route.callers, step.reason)
    }
}

/// How the proxies are used; see the key `mode` in socks.conf(5).
fn mode(decision: &Decision<'_>) -> Option<&'static str> {
    match decision {
        Decision::Proxy(route, _) => Some(route.mode.word()),
        _ => None,
    }
}

fn words<T: ToString>(words: &[T]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// A proxy with its place, where that is not its name.
struct Named<'a>(&'a socks_conf::Proxy);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.0.to_string();
        if self.0.name == place { f.write_str(&place) } else { write!(f, "{} ({place})", self.0.name) }
    }
}
