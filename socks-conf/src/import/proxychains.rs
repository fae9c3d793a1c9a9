//! proxychains.conf, of releases 3 and 4: settings, `[ProxyList]`, proxies.

use super::line::{Line, lines};
use super::{Import, Result};
use crate::caution::Caution;
use crate::mode::{self, Mode};
use crate::problem::Problem;
use crate::url::host_and_port;
use crate::{Endpoint, Proxy, ProxyProtocol, ProxyProtocols, Secret, Via};
use std::ops::Range;
use std::time::Duration;

/// What the settings say, with the defaults of the program.
struct Settings {
    mode: Mode,
    mode_at: Range<usize>,
    chain_len: usize,
    chain_len_at: Range<usize>,
    connect: u64,
    read: u64,
    proxy_dns: bool,
}

const TYPES: &[&str] = &["socks5", "socks4", "http"];
const SETTINGS: &[&str] = &[
    "strict_chain",
    "dynamic_chain",
    "random_chain",
    "round_robin_chain",
    "chain_len",
    "proxy_dns",
    "tcp_read_time_out",
    "tcp_connect_time_out",
    "localnet",
    "dnat",
    "quiet_mode",
];

impl Import<'_> {
    pub(super) fn read_proxychains(&mut self) {
        let lines = lines(self.text, |index, word| index == 0 && word.starts_with(b"#"));
        let is_list = |line: &Line| self.text.slice(line.from(0)) == b"[ProxyList]";
        let list = lines.iter().position(is_list).unwrap_or(lines.len());
        let mut settings = Settings {
            mode: Mode::Dynamic,
            mode_at: 0..0,
            chain_len: 1,
            chain_len_at: 0..0,
            connect: 10_000,
            read: 4_000,
            proxy_dns: false,
        };
        for line in lines.iter().take(list) {
            let read = self.read_setting(line, &mut settings);
            self.note(read);
        }
        let mut proxies = Vec::new();
        for line in lines.iter().skip(list + 1) {
            match self.read_listed(line) {
                Ok(proxy) => proxies.push(self.add_proxy(proxy)),
                Err(mistake) => self.mistakes.push(*mistake),
            }
        }
        let line = lines.get(list).map_or(0, |line| line.number);
        let through = self.go_through(settings, proxies, line);
        self.note(through);
    }

    fn read_setting(&mut self, line: &Line, settings: &mut Settings) -> Result<()> {
        let (key, value) = (line.word(0), line.word(1));
        let name = self.str(&key);
        let name = name.split('=').next().unwrap_or_default();
        match name {
            "strict_chain" => (settings.mode, settings.mode_at) = (Mode::Strict, key),
            "dynamic_chain" => (settings.mode, settings.mode_at) = (Mode::Dynamic, key),
            "random_chain" => (settings.mode, settings.mode_at) = (Mode::Random, key),
            "round_robin_chain" => (settings.mode, settings.mode_at) = (Mode::RoundRobin, key),
            "chain_len" => {
                (settings.chain_len, settings.chain_len_at) = (self.chain_len(line)?, line.from(0));
            }
            "proxy_dns" | "proxy_dns_old" => settings.proxy_dns = true,
            "proxy_dns_daemon" => {
                settings.proxy_dns = true;
                self.no_effect(line.from(0), "names are kept in a table that programs share");
            }
            "quiet_mode" => {}
            "tcp_connect_time_out" => settings.connect = self.milliseconds(value)?,
            "tcp_read_time_out" => settings.read = self.milliseconds(value)?,
            "remote_dns_subnet" => {
                self.no_effect(line.from(0), "the addresses that stand for names are those of `fake`");
            }
            "localnet" => self.localnet(line)?,
            "dnat" => return self.refuse(key, "targets are not rewritten"),
            _ => self.unknown_setting(line, name),
        }
        Ok(())
    }

    fn unknown_setting(&mut self, line: &Line, name: &str) {
        let similar = crate::similar::similar(name, SETTINGS.iter().copied());
        let caution = Caution::UnknownSetting { word: name.to_owned(), similar };
        self.warn(line.from(0), caution);
    }

    /// `chain_len = 2`, blanks or not.
    fn chain_len(&self, line: &Line) -> Result<usize> {
        let range = line.from(0);
        let text = self.str(&range);
        let length = text.split_once('=').and_then(|(_, length)| length.trim().parse::<u16>().ok());
        length.map_or_else(
            || self.expected(range, "`chain_len = ` and a number"),
            |length| Ok(length.max(1).into()),
        )
    }

    fn milliseconds(&self, value: Range<usize>) -> Result<u64> {
        let parsed = self.str(&value).parse::<u32>();
        parsed.map_or_else(|_| self.expected(value, "a number of milliseconds"), |time| Ok(time.into()))
    }

    fn localnet(&mut self, line: &Line) -> Result<()> {
        let value = line.word(1);
        let (network, ports) = self.network(value.clone(), true)?;
        self.warn_about_host_bits(value, &network);
        self.add_route(Endpoint::addresses(network, ports), Via::Direct, line.number);
        Ok(())
    }

    /// `TYPE HOST PORT [USER PASSWORD]`, or a URL.
    fn read_listed(&mut self, line: &Line) -> Result<Proxy> {
        let kind = line.word(0);
        let name = self.str(&kind);
        if name.contains("://") {
            let proxy = Proxy::from_url(&name);
            return proxy.map(with_names).or_else(|error| self.fail(kind, Problem::Url(error)));
        }
        let protocols = match &*name {
            "socks5" => ProxyProtocols::from([ProxyProtocol::SocksV5]),
            "socks4" => ProxyProtocols::from([ProxyProtocol::SocksV4a]),
            "http" => ProxyProtocols::from([ProxyProtocol::Http]),
            "raw" => {
                return self.refuse(kind, "there is no dialogue with a proxy that would tell it the target");
            }
            _ => return self.unknown_type(kind),
        };
        let (host, port) = (line.word(1), line.word(2));
        let Ok((address, None)) = host_and_port(&self.str(&host)) else {
            return self.not_a_proxy(host);
        };
        let number = match self.str(&port).parse::<u16>() {
            Ok(0) => return self.fail(port, Problem::PortZero),
            Ok(number) => number,
            Err(_) => return self.expected(port, "a port from 1 to 65535"),
        };
        let mut proxy = Proxy::new(address, number, protocols);
        self.add_listed_credentials(line, &mut proxy)?;
        Ok(proxy)
    }

    fn unknown_type<T>(&self, kind: Range<usize>) -> Result<T> {
        let word = self.str(&kind).into_owned();
        let similar = crate::similar::similar(&word, TYPES.iter().copied());
        self.fail(kind, Problem::UnknownValue { keyword: "[ProxyList]", word, accepted: TYPES, similar })
    }

    fn add_listed_credentials(&mut self, line: &Line, proxy: &mut Proxy) -> Result<()> {
        let (user, password) = (line.word(3), line.word(4));
        let (name, secret) = (self.str(&user).into_owned(), self.str(&password).into_owned());
        if name.starts_with('#') {
            self.warn(line.from(3), Caution::TakenForComment);
            return Ok(());
        }
        if name.len() > 255 || secret.len() > 255 {
            return self.fail(user, Problem::Credentials("expected 1 to 255 bytes"));
        }
        proxy.username = Some(name).filter(|name| !name.is_empty());
        proxy.password =
            Some(secret).filter(|secret| !secret.is_empty() && proxy.takes_password()).map(Secret::new);
        Ok(())
    }

    fn go_through(&mut self, settings: Settings, proxies: Vec<usize>, line: u32) -> Result<()> {
        let end = self.text.bytes.len();
        let at = if settings.mode_at.is_empty() { self.text.beginning_of(line) } else { settings.mode_at };
        if proxies.is_empty() && !self.mistakes.is_empty() {
            return Ok(());
        }
        if proxies.is_empty() {
            return self.expected(end..end, "a proxy below `[ProxyList]`");
        }
        let chain_len = Some(settings.chain_len).filter(|_| settings.mode.takes_some());
        if let Some(problem) = mode::objection(proxies.len(), settings.mode, chain_len) {
            let at = if settings.chain_len_at.is_empty() { at } else { settings.chain_len_at };
            return self.fail(at, problem);
        }
        if !settings.proxy_dns {
            self.warn(at, Caution::NamesToProxy("proxy_dns"));
        }
        // There each proxy has its own time.
        let hops = if settings.mode.takes_some() { settings.chain_len } else { proxies.len() };
        let time = Duration::from_millis(settings.connect + settings.read);
        self.config.timeout_connect = u32::try_from(hops).ok().and_then(|hops| time.checked_mul(hops));
        self.add_route_in_mode(
            vec![Endpoint::EVERYTHING],
            proxies,
            (settings.mode, chain_len.unwrap_or(1)),
            line,
        );
        Ok(())
    }
}

/// What proxychains calls socks4 is SOCKS4a, too.
fn with_names(mut proxy: Proxy) -> Proxy {
    if proxy.protocols == ProxyProtocols::from([ProxyProtocol::SocksV4]) {
        proxy.protocols = ProxyProtocols::from([ProxyProtocol::SocksV4a]);
    }
    proxy
}
