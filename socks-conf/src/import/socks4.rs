//! The lines of SOCKS4 libraries of the 1990s (CSTC, Koblas and Lee): `sockd @=proxy address mask`, `direct`, `deny`.
//!
//! The first line that matches decides, and what none matches is denied: the model's own way.

use super::line::{Line, lines};
use super::{Import, Result, socks4};
use crate::dante::{dotted_prefix, named_place};
use crate::problem::Problem;
use crate::url::host_and_port;
use crate::{Endpoint, Network, Place, Ports, Proxy, User, Via, service};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

type Operator = fn(u16) -> Ports;

const OPERATORS: &[(&str, Operator)] = &[
    ("eq", Ports::Equal),
    ("neq", Ports::NotEqual),
    ("lt", Ports::Less),
    ("gt", Ports::Greater),
    ("le", Ports::LessOrEqual),
    ("ge", Ports::GreaterOrEqual),
];

const USERS_FILE: &str = "files of user names are not read; write the names behind `*=`";

impl Import<'_> {
    pub(super) fn read_socks4_lines(&mut self) {
        for line in lines(self.text, |_, word| word.starts_with(b"#")) {
            let read = self.read_socks4_line(self.without_shell_command(&line), &line);
            self.note(read);
        }
    }

    /// The line up to the `:` that begins a command for a shell.
    fn without_shell_command(&self, line: &Line) -> Line {
        let begins = |word: &Range<usize>| self.text.slice(word.clone()).starts_with(b":");
        let length = line.words.iter().position(begins).unwrap_or(line.words.len());
        let words: Vec<_> = line.words.iter().take(length).cloned().collect();
        let end = words.last().map_or(line.end, |last| last.end);
        Line { words, end, ..*line }
    }

    fn read_socks4_line(&mut self, entry: Line, line: &Line) -> Result<()> {
        if entry.words.len() < line.words.len() {
            self.no_effect(line.from(entry.words.len()), "no command is run for a connection");
        }
        let kind = entry.word(0);
        let word = self.str(&kind);
        let (verdict, attached) = word.split_at(word.find('@').unwrap_or(word.len()));
        let mut servers = (!attached.is_empty()).then(|| kind.start + verdict.len()..kind.end);
        let mut users = Vec::new();
        let mut next = 1;
        while let Some(option) = entry.words.get(next) {
            match self.text.slice(option.clone()) {
                [b'@', b'=', ..] => servers = Some(option.clone()),
                [b'*', b'=', ..] => users = self.socks4_users(option.clone())?,
                _ => break,
            }
            next += 1;
        }
        let target = self.socks4_target(&entry, next)?;
        match verdict {
            "deny" => self.add_route(vec![target], Via::Block, entry.number),
            "direct" => self.add_route(vec![target], Via::Direct, entry.number),
            "sockd" => {
                let proxies = self.socks4_servers(servers, kind)?;
                self.add_route_through(vec![target], proxies, entry.number);
            }
            _ => return self.expected(kind, "`sockd`, `direct` or `deny`"),
        }
        if let Some(route) = self.config.routes.last_mut() {
            route.callers.users = users;
        }
        Ok(())
    }

    /// The users of `*=a,b`.
    fn socks4_users(&mut self, option: Range<usize>) -> Result<Vec<User>> {
        let text = self.str(&option);
        let names = text.trim_start_matches('*').trim_start_matches('=');
        if names.split(',').any(|name| name.starts_with('/')) {
            return self.refuse(option, USERS_FILE);
        }
        let user = |name: &str| match User::new(name) {
            Some(user) => Ok(user),
            None => self.fail(option.clone(), Problem::NotAUser(name.to_owned())),
        };
        names.split(',').map(user).collect()
    }

    /// The proxies of `@=a,b`.
    fn socks4_servers(&mut self, servers: Option<Range<usize>>, kind: Range<usize>) -> Result<Vec<usize>> {
        let Some(range) = servers else {
            return self.expected(kind.end..kind.end, "`@=` and the name of the proxy behind `sockd`");
        };
        let text = self.str(&range);
        let names = text.trim_start_matches('@').trim_start_matches('=');
        let mut proxies = Vec::new();
        for name in names.split(',') {
            let Ok((host, port)) = host_and_port(name) else {
                return self.not_a_proxy(range);
            };
            proxies.push(self.add_proxy(Proxy::new(host, port.unwrap_or(1080), socks4())));
        }
        Ok(proxies)
    }

    /// `ADDRESS MASK [OPERATOR PORT]`, from the word at `first` to the end of the line.
    fn socks4_target(&mut self, line: &Line, first: usize) -> Result<Endpoint> {
        let place = self.socks4_place(line.word(first), line.word(first + 1))?;
        let operator = line.word(first + 2);
        if operator.is_empty() {
            return Ok(Endpoint { place, ports: Ports::Any });
        }
        let name = self.str(&operator);
        let Some((_, ports)) = OPERATORS.iter().find(|(known, _)| *known == name) else {
            return self.expected(operator, "eq, neq, lt, gt, le or ge in front of a port");
        };
        let port = self.socks4_port(line.word(first + 3))?;
        match line.words.get(first + 4) {
            Some(word) => self.expected(word.clone(), "the end of the line"),
            None => Ok(Endpoint { place, ports: ports(port) }),
        }
    }

    fn socks4_port(&self, word: Range<usize>) -> Result<u16> {
        let name = self.str(&word);
        match name.parse().ok().or_else(|| service::port(&name)) {
            Some(port) => Ok(port),
            None if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() => {
                self.expected(word, "a port")
            }
            None => {
                let similar = crate::similar::similar(&name, service::names());
                self.fail(word, Problem::UnknownService { name: name.into_owned(), similar })
            }
        }
    }

    fn socks4_place(&mut self, word: Range<usize>, mask: Range<usize>) -> Result<Place> {
        let (text, mask_text) = (self.str(&word), self.str(&mask));
        let Ok(dotted) = mask_text.parse::<Ipv4Addr>() else {
            return self.expected(mask, "a dotted mask such as 255.255.255.0 behind the address");
        };
        let Ok(address) = text.parse::<Ipv4Addr>() else {
            return match &*text {
                "ALL" => Ok(Place::Everything),
                _ => named_place(&text)
                    .map_or_else(|| self.expected(word, "an address, a name, a .domain or ALL"), Ok),
            };
        };
        let Some(prefix) = dotted_prefix(dotted) else {
            return self.fail(mask, Problem::MaskWithHoles(mask_text.to_string()));
        };
        let network = Network { address: IpAddr::V4(address), prefix };
        if prefix == 0 && address.is_unspecified() {
            return Ok(Place::Everything);
        }
        self.warn_about_host_bits(word.start..mask.end, &network);
        Ok(Place::Network(network))
    }
}
