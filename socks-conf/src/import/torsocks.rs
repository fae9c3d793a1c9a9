//! torsocks.conf: everything through one Tor daemon.

use super::line::{Line, lines};
use super::{Import, Result};
use crate::problem::Problem;
use crate::url::host_and_port;
use crate::{BindPolicy, Endpoint, Isolation, Proxy, ProxyHost, ProxyProtocol, ProxyProtocols, Secret};
use std::net::Ipv4Addr;
use std::ops::Range;

const KEYS: &[&str] = &[
    "TorAddress",
    "TorPort",
    "OnionAddrRange",
    "SOCKS5Username",
    "SOCKS5Password",
    "AllowInbound",
    "AllowOutboundLocalhost",
    "IsolatePID",
    "EnableIPv6",
];

/// What a file says about the daemon.
struct Tor {
    host: ProxyHost,
    port: u16,
    username: Option<String>,
    password: Option<String>,
    isolate: Option<Range<usize>>,
    line: u32,
}

impl Import<'_> {
    pub(super) fn read_torsocks(&mut self) {
        let mut tor = Tor {
            host: ProxyHost::Ip(Ipv4Addr::LOCALHOST.into()),
            port: 9050,
            username: None,
            password: None,
            isolate: None,
            line: 0,
        };
        // A `#` further right is part of a value.
        for line in lines(self.text, |index, word| index == 0 && word.starts_with(b"#")) {
            tor.line = if tor.line == 0 { line.number } else { tor.line };
            let read = self.read_tor_line(&line, &mut tor);
            self.note(read);
        }
        // Tor listens for nobody.
        self.config.bind = BindPolicy::Never;
        let protocols = ProxyProtocols::from([ProxyProtocol::SocksV5]);
        let mut proxy = Proxy::new(tor.host, tor.port, protocols);
        (proxy.username, proxy.password) = (tor.username, tor.password.map(Secret::new));
        if let Some(range) = tor.isolate {
            proxy.isolate = Some(Isolation::Process);
            if proxy.username.is_some() || proxy.password.is_some() {
                let both = self.unfit(range, "it makes user names of its own, and there is one already");
                self.note(both);
            }
        }
        let proxy = self.add_proxy(proxy);
        self.add_route_through(vec![Endpoint::EVERYTHING], vec![proxy], tor.line);
    }

    fn read_tor_line(&mut self, line: &Line, tor: &mut Tor) -> Result<()> {
        let (key, value) = (line.word(0), line.word(1));
        let (name, text) = (self.str(&key), self.str(&value));
        if value.is_empty() {
            return self.expected(value, "a value behind the key");
        }
        match &*name {
            "TorAddress" => match host_and_port(&text) {
                Ok((host, None)) => tor.host = host,
                _ => return self.not_a_proxy(value),
            },
            "TorPort" => match text.parse() {
                Ok(port) if port > 0 => tor.port = port,
                _ => return self.expected(value, "a port from 1 to 65535"),
            },
            "SOCKS5Username" => tor.username = Some(self.tor_credential(value, &text)?),
            "SOCKS5Password" => tor.password = Some(self.tor_credential(value, &text)?),
            "IsolatePID" => tor.isolate = self.flag(value, &text)?.then(|| line.from(0)),
            "OnionAddrRange" => {
                self.no_effect(key, "the addresses that stand for names are those of `fake`, for every name")
            }
            "AllowInbound" => self.no_effect(key, "programs may listen on this machine; Tor is not asked to"),
            "AllowOutboundLocalhost" => {
                self.no_effect(key, "connections to this machine never go through a proxy")
            }
            "EnableIPv6" => self.no_effect(key, "IPv6 connections go through the proxy like others"),
            _ => return self.unknown_tor_key(key, &name),
        }
        Ok(())
    }

    fn tor_credential(&self, value: Range<usize>, text: &str) -> Result<String> {
        match text.len() {
            1..=255 => Ok(text.to_owned()),
            _ => self.fail(value, Problem::Credentials("expected 1 to 255 bytes")),
        }
    }

    fn flag(&self, value: Range<usize>, text: &str) -> Result<bool> {
        match text {
            "0" => Ok(false),
            "1" => Ok(true),
            _ => self.expected(value, "0 or 1"),
        }
    }

    fn unknown_tor_key(&self, key: Range<usize>, name: &str) -> Result<()> {
        let similar = crate::similar::similar(name, KEYS.iter().copied());
        self.fail(key, Problem::UnknownForeignKey { word: name.to_owned(), file: "torsocks.conf", similar })
    }
}
