//! `[[route]]` tables.

use super::order::Step;
use super::proxies::Names;
use super::{Unconvertible, one_or_list, quoted};
use crate::set::{Member, Set};
use crate::{
    BlockErrno, Callers, Commands, Config, Method, Mode, Place, Ports, Protocols, ProxyProtocol,
    ProxyProtocols, Route, Via,
};

impl Config {
    /// One table for each condition on ports, of which a table has one for all its places.
    pub(super) fn route_tables(&self, step: &Step<'_>, names: &Names) -> Result<String, Unconvertible> {
        let route = step.route;
        if route.from.ports != Ports::Any {
            return Err(Unconvertible::FromPorts(route.line));
        }
        let mut conditions: Vec<Ports> = Vec::new();
        for to in &route.to {
            if !conditions.contains(&to.ports) {
                conditions.push(to.ports);
            }
        }
        Ok(conditions.iter().map(|ports| self.route_table(step, names, *ports)).collect())
    }

    fn route_table(&self, step: &Step<'_>, names: &Names, ports: Ports) -> String {
        let route = step.route;
        let mut text = String::from("\n[[route]]");
        if step.automatic {
            text += "  # the proxy itself";
        } else if route.line > 0 {
            text += &format!("  # line {}", route.line);
        }
        text += &self.remark(step);
        if !route.from.place.is_everything() {
            text += &format!("\nfrom = {}", quoted(&route.from.place.to_string()));
        }
        text += &callers(&route.callers);
        let places = route.to.iter().filter(|to| to.ports == ports);
        let places: Vec<String> = places.map(|to| quoted(&plain(&to.place).to_string())).collect();
        text += &format!("\nto = {}", one_or_list(&places));
        if let Some(ports) = condition(ports) {
            text += &format!("\nport = {ports}");
        }
        text += &self.serves(step);
        text += &format!("\nvia = {}\n", self.via(step, names));
        text += &mode(route);
        if route.errno != BlockErrno::default() {
            text += &format!("errno = {}\n", quoted(route.errno.name()));
        }
        text
    }

    fn via(&self, step: &Step<'_>, names: &Names) -> String {
        match &step.route.via {
            Via::Direct => quoted("direct"),
            Via::Block => quoted("block"),
            Via::Proxies(indices) => one_or_list(&names.of_step(self, step, indices)),
        }
    }

    /// The keys that say which calls the route serves, where that is not what it would be anyway.
    fn serves(&self, step: &Step<'_>) -> String {
        let route = step.route;
        let (spoken, commands, protocols) = match step.protocol {
            Some(protocol) => {
                let spoken = ProxyProtocols::from([protocol]);
                let commands = route.commands.intersection(Commands::of(&route.via, spoken));
                (spoken, commands, route.protocols.intersection(Protocols::of(spoken)))
            }
            None => (route.proxyprotocols, route.commands, route.protocols),
        };
        let mut text = String::new();
        let usual = match &route.via {
            Via::Proxies(all) if route.has_several() => {
                Route::through_all(&self.proxies, all.clone(), route.mode, route.chain_len).commands
            }
            via => Commands::of(via, spoken),
        };
        if commands != usual {
            text += &format!("\ncommand = {}", words(commands));
        }
        if protocols != Protocols::of(spoken) {
            text += &format!("\nprotocol = {}", words(protocols));
        }
        text
    }

    /// What the table cannot say.
    fn remark(&self, step: &Step<'_>) -> String {
        let socks5 = step.protocol == Some(ProxyProtocol::SocksV5);
        match step.route.methods.as_slice() {
            [Method::Username] if socks5 => {
                "\n# The original insists on a user name and a password; this also goes without.".to_owned()
            }
            _ => String::new(),
        }
    }
}

/// The place without bits that do not count; the network that also means names is only what is written so.
fn plain(place: &Place) -> Place {
    match place {
        Place::Network(network) if network.prefix > 0 => Place::Network(network.masked()),
        place => place.clone(),
    }
}

/// How several proxies are used, where that is not one after the other.
fn mode(route: &Route) -> String {
    let mut text = String::new();
    if route.has_several() && route.mode != Mode::default() {
        text += &format!("mode = {}\n", quoted(route.mode.word()));
        if route.mode.takes_some() && route.chain_len != 1 {
            text += &format!("chain_len = {}\n", route.chain_len);
        }
    }
    text
}

fn words<T: Member>(set: Set<T>) -> String {
    let words: Vec<String> = set.iter().map(|member| quoted(member.word())).collect();
    one_or_list(&words)
}

/// The keys that say whose calls the route is about.
fn callers(callers: &Callers) -> String {
    let list = |key: &str, words: Vec<String>| match words.as_slice() {
        [] => String::new(),
        words => format!("\n{key} = {}", one_or_list(words)),
    };
    let programs = callers.programs.iter().map(|program| quoted(&program.to_string())).collect();
    let users = callers.users.iter().map(|user| quoted(&user.written)).collect();
    list("program", programs) + &list("user", users)
}

/// As TOML has it.
fn condition(ports: Ports) -> Option<String> {
    match ports {
        Ports::Any => None,
        Ports::Equal(port) => Some(port.to_string()),
        ports => Some(quoted(ports.to_string().trim_start_matches("port "))),
    }
}
