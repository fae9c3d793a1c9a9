//! `[proxy.NAME]` tables: a name for each proxy and protocol that a route leads to.

use super::order::Step;
use super::quoted;
use crate::choice::Choice;
use crate::{Config, Proxy, ProxyHost, ProxyProtocol, ProxyProtocols, Via};

/// The proxies in use, with what is spoken to each, and the names they get.
pub(super) struct Names {
    names: Vec<(usize, ProxyProtocol, String)>,
}

impl Names {
    pub(super) fn of(config: &Config, steps: &[Step<'_>]) -> Names {
        let mut names = Names { names: Vec::new() };
        for step in steps {
            let Via::Proxies(indices) = &step.route.via else { continue };
            for index in indices {
                if let Some(proxy) = config.proxies.get(*index) {
                    names.add(*index, proxy, spoken(proxy, step));
                }
            }
        }
        names
    }

    fn add(&mut self, index: usize, proxy: &Proxy, protocol: ProxyProtocol) {
        if self.get(index, protocol).is_some() {
            return;
        }
        let taken = |name: &str| self.names.iter().any(|(_, _, known)| known == name);
        let numbered = |number: u32| format!("{} {number}", proxy.name);
        let mut name = proxy.name.clone();
        let mut number = 2;
        while taken(&name) {
            name = numbered(number);
            number += 1;
        }
        self.names.push((index, protocol, name));
    }

    fn get(&self, index: usize, protocol: ProxyProtocol) -> Option<&str> {
        let found = self.names.iter().find(|(i, p, _)| (*i, *p) == (index, protocol));
        found.map(|(_, _, name)| name.as_str())
    }

    /// The names of the proxies of `step`, quoted.
    pub(super) fn of_step(&self, config: &Config, step: &Step<'_>, indices: &[usize]) -> Vec<String> {
        let name = |index: &usize| self.get(*index, spoken(config.proxies.get(*index)?, step)).map(quoted);
        indices.iter().filter_map(name).collect()
    }

    pub(super) fn tables(&self, config: &Config) -> String {
        let table = |(index, protocol, name): &(usize, ProxyProtocol, String)| {
            Some(table(config.proxies.get(*index)?, *protocol, name))
        };
        self.names.iter().filter_map(table).collect()
    }
}

/// What is spoken to a proxy: in a step without a protocol, what it can do most with.
fn spoken(proxy: &Proxy, step: &Step<'_>) -> ProxyProtocol {
    let order =
        [ProxyProtocol::SocksV5, ProxyProtocol::SocksV4a, ProxyProtocol::SocksV4, ProxyProtocol::Http];
    let most = order.into_iter().find(|protocol| proxy.protocols.contains(*protocol));
    step.protocol.or(most).unwrap_or(ProxyProtocol::SocksV5)
}

fn table(proxy: &Proxy, protocol: ProxyProtocol, name: &str) -> String {
    let scheme = match protocol {
        ProxyProtocol::SocksV4 => "socks4",
        ProxyProtocol::SocksV4a => "socks4a",
        ProxyProtocol::SocksV5 => "socks5",
        ProxyProtocol::Http => "http",
    };
    let host = match &proxy.host {
        ProxyHost::Name(name) => name.clone(),
        address => address.to_string(),
    };
    let mut text =
        format!("\n[proxy.{}]\nurl = {}\n", key(name), quoted(&format!("{scheme}://{host}:{}", proxy.port)));
    if let Some(isolation) = proxy.isolate.filter(|_| protocol == ProxyProtocol::SocksV5) {
        return text + &format!("isolate = {}\n", quoted(isolation.word()));
    }
    let takes_password =
        ProxyProtocols::from([ProxyProtocol::SocksV5, ProxyProtocol::Http]).contains(protocol);
    if let Some(username) = &proxy.username {
        text += &format!("username = {}\n", quoted(username));
    }
    if let Some(file) = proxy.password_file.as_ref().filter(|_| takes_password) {
        text += &format!("password_file = {}\n", quoted(&file.display().to_string()));
    } else if let Some(password) = proxy.password.as_ref().filter(|_| takes_password) {
        text += &format!("password = {}\n", quoted(password.reveal()));
    }
    text
}

/// A key, quoted where TOML wants it.
fn key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { quoted(name) }
}
