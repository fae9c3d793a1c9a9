//! tsocks.conf: networks of this side, paths for networks behind certain proxies, and one proxy for the rest.

use super::line::{Line, lines};
use super::{Import, Result, socks4};
use crate::problem::Problem;
use crate::url::host_and_port;
use crate::{Endpoint, Proxy, ProxyHost, ProxyProtocol, ProxyProtocols, Secret, Via};
use std::ops::Range;

const KEYS: &[&str] =
    &["server", "server_port", "server_type", "default_user", "default_pass", "local", "reaches", "fallback"];

/// One proxy and what it is for: a path, or the rest.
#[derive(Default)]
struct Server {
    host: Option<ProxyHost>,
    port: Option<u16>,
    version: Option<u8>,
    username: Option<String>,
    password: Option<String>,
    reaches: Vec<Endpoint>,
    line: u32,
}

/// A whole file.
#[derive(Default)]
struct Tsocks {
    local: Vec<Endpoint>,
    local_line: u32,
    paths: Vec<Server>,
    path: Option<Server>,
    rest: Server,
    fallback: Option<u32>,
}

impl Import<'_> {
    pub(super) fn read_tsocks(&mut self) {
        let mut file = Tsocks::default();
        for line in lines(self.text, |_, word| word.starts_with(b"#")) {
            let read = self.read_tsocks_line(&line, &mut file);
            self.note(read);
        }
        if let Some(path) = file.path.take() {
            let range = self.text.beginning_of(path.line);
            let unclosed = self.unfit(range, "it has no `}`");
            self.note(unclosed);
        }
        if self.mistakes.is_empty() {
            let complete = self.complete_tsocks(file);
            self.note(complete);
        }
    }

    fn read_tsocks_line(&mut self, line: &Line, file: &mut Tsocks) -> Result<()> {
        let words: Vec<&[u8]> = line.words.iter().map(|word| self.text.slice(word.clone())).collect();
        match words.as_slice() {
            [b"path", b"{"] | [b"path{"] if file.path.is_none() => {
                file.path = Some(Server { line: line.number, ..Server::default() });
                Ok(())
            }
            [b"}"] if file.path.is_some() => {
                file.paths.extend(file.path.take());
                Ok(())
            }
            [_, b"=", _, ..] => self.read_tsocks_pair(line, file),
            _ => {
                let start = line.word(0).start;
                let key = words.first().and_then(|word| word.split(|byte| *byte == b'=').next());
                let end = start + key.map_or(0, <[u8]>::len);
                self.unfit(start..end, "expected a key, `=` and a value, with blanks between")
            }
        }
    }

    fn read_tsocks_pair(&mut self, line: &Line, file: &mut Tsocks) -> Result<()> {
        let (key, value) = (line.word(0), line.word(2));
        let in_path = file.path.is_some();
        let server = file.path.as_mut().unwrap_or(&mut file.rest);
        let text = self.str(&value);
        match self.text.slice(key.clone()) {
            b"server" => {
                server.line = line.number;
                set(&mut server.host, self.tsocks_host(value)?, self, key)
            }
            b"server_port" => match text.parse() {
                Ok(port) if port > 0 => set(&mut server.port, port, self, key),
                _ => self.expected(value, "a port from 1 to 65535"),
            },
            b"server_type" => match &*text {
                "4" => set(&mut server.version, 4, self, key),
                "5" => set(&mut server.version, 5, self, key),
                _ => self.expected(value, "4 or 5"),
            },
            b"default_user" => set(&mut server.username, self.tsocks_credential(value)?, self, key),
            b"default_pass" => set(&mut server.password, self.tsocks_credential(value)?, self, key),
            b"local" if !in_path => {
                let endpoints = self.tsocks_network(value)?;
                file.local.extend(endpoints);
                file.local_line = if file.local_line == 0 { line.number } else { file.local_line };
                Ok(())
            }
            b"reaches" if in_path => {
                let endpoints = self.tsocks_network(value)?;
                server.reaches.extend(endpoints);
                Ok(())
            }
            b"fallback" if !in_path => match &*text {
                "yes" => {
                    file.fallback = Some(line.number);
                    Ok(())
                }
                "no" => Ok(()),
                _ => self.expected(value, "yes or no"),
            },
            b"local" | b"fallback" => self.unfit(key, "it cannot stand in a path"),
            b"reaches" => self.unfit(key, "it belongs into a path"),
            name if name.starts_with(b"tordns_") => {
                self.no_effect(key, "names are left to the proxy");
                Ok(())
            }
            name => {
                let word = String::from_utf8_lossy(name).into_owned();
                let similar = crate::similar::similar(&word, KEYS.iter().copied());
                self.fail(key, Problem::UnknownForeignKey { word, file: "tsocks.conf", similar })
            }
        }
    }

    fn tsocks_host(&self, value: Range<usize>) -> Result<ProxyHost> {
        match host_and_port(&self.str(&value)) {
            Ok((host, None)) => Ok(host),
            _ => self.not_a_proxy(value),
        }
    }

    fn tsocks_credential(&self, value: Range<usize>) -> Result<String> {
        match self.str(&value) {
            text if text.len() <= 255 => Ok(text.into_owned()),
            _ => self.fail(value, Problem::Credentials("expected 1 to 255 bytes")),
        }
    }

    fn tsocks_network(&mut self, value: Range<usize>) -> Result<Vec<Endpoint>> {
        let (network, ports) = self.network(value.clone(), false)?;
        if network.has_host_bits() {
            return self
                .refuse(value, "the mask leaves out bits of the address; tsocks passes over such a line");
        }
        Ok(Endpoint::addresses(network, ports))
    }

    /// The routes in the order in which tsocks looks at them: what is local, the paths from the last to the first,
    /// the rest.
    fn complete_tsocks(&mut self, file: Tsocks) -> Result<()> {
        if !file.local.is_empty() {
            self.add_route(file.local, Via::Direct, file.local_line);
        }
        for mut path in file.paths.into_iter().rev() {
            let reaches = std::mem::take(&mut path.reaches);
            let line = path.line;
            let proxy = self.tsocks_proxy(path)?;
            if !reaches.is_empty() {
                self.add_route_through(reaches, vec![proxy], line);
            }
        }
        if file.rest.host.is_some() {
            let line = file.rest.line;
            let proxy = self.tsocks_proxy(file.rest)?;
            self.add_route_through(vec![Endpoint::EVERYTHING], vec![proxy], line);
        } else if let Some(line) = file.fallback {
            self.add_route(vec![Endpoint::EVERYTHING], Via::Direct, line);
        }
        Ok(())
    }

    fn tsocks_proxy(&mut self, server: Server) -> Result<usize> {
        let Some(host) = server.host else {
            return self.unfit(self.text.beginning_of(server.line), "it names no `server`");
        };
        let version5 = server.version == Some(5);
        let protocols = if version5 { ProxyProtocols::from([ProxyProtocol::SocksV5]) } else { socks4() };
        let mut proxy = Proxy::new(host, server.port.unwrap_or(1080), protocols);
        proxy.username = server.username;
        proxy.password = server.password.filter(|_| version5 && proxy.username.is_some()).map(Secret::new);
        Ok(self.add_proxy(proxy))
    }
}

/// Takes a value that may be given once.
fn set<T>(field: &mut Option<T>, value: T, import: &Import<'_>, key: Range<usize>) -> Result<()> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => import.unfit(key, "it is given twice"),
    }
}
