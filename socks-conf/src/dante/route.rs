//! A route block: its keys in any order.

use super::Result;
use super::cursor::Class;
use super::draft::Draft;
use super::parser::Parser;
use crate::caution::Caution;
use crate::keyword::{COMMANDS, METHODS, PROTOCOLS, PROXY_PROTOCOLS};
use crate::keyword::{ClauseKey, Key, Keyword, Section, Standing};
use crate::problem::Problem;
use crate::set::Member;
use crate::{Command, Method, Program, Protocol, ProxyProtocol, User};
use std::ops::Range;

impl Parser<'_> {
    /// A route, behind the word `route`.
    pub(super) fn read_route(&mut self, route: Range<usize>) -> Result<()> {
        self.cursor.skip_space();
        if !self.cursor.take(b'{') {
            return self.unexpected("`{` behind `route`");
        }
        let line = self.text.line_of(route.start);
        let draft = self.read_clauses();
        if !self.cursor.take(b'}') && !draft.broken {
            return self.fail(route, Problem::Unclosed);
        }
        self.complete(draft, route, line)
    }

    /// A route without the word and the braces.
    pub(super) fn read_bare_route(&mut self, line: u32) -> Result<()> {
        let draft = self.read_clauses();
        if self.cursor.peek().is_some() && !draft.broken {
            return self.unexpected("a keyword");
        }
        self.complete(draft, 0..self.text.bytes.len(), line)
    }

    fn read_clauses(&mut self) -> Draft {
        let mut draft = Draft::default();
        loop {
            self.cursor.skip_space();
            let start = self.cursor;
            let word = self.cursor.word(Class::Plain);
            // The next route can only mean that this one was not closed.
            if matches!(start.peek(), None | Some(b'}')) || self.text.slice(word.clone()) == b"route" {
                self.cursor = start;
                return draft;
            }
            if let Err(mistake) = self.read_clause(word, &mut draft) {
                draft.broken = true;
                self.skip_clause(*mistake, start, Section::Route);
            }
        }
    }

    fn read_clause(&mut self, word: Range<usize>, draft: &mut Draft) -> Result<()> {
        let keyword = self.keyword(word.clone(), Section::Route)?;
        match keyword.standing {
            Standing::Supported(Key::Clause(key)) => self.take_clause(key, keyword, word, draft),
            _ => self.skip_value(keyword),
        }
    }

    fn take_clause(
        &mut self,
        key: ClauseKey,
        keyword: &'static Keyword,
        word: Range<usize>,
        draft: &mut Draft,
    ) -> Result<()> {
        match key {
            ClauseKey::From if draft.from.is_none() => draft.from = Some((self.endpoint()?, word)),
            ClauseKey::To if draft.to.is_none() => draft.to = Some(self.endpoint()?),
            ClauseKey::Via if draft.via.is_none() => draft.via = Some(self.gateway()?),
            ClauseKey::From | ClauseKey::To | ClauseKey::Via => {
                return self.fail(word, Problem::Repeated(keyword.name));
            }
            ClauseKey::ProxyProtocol => {
                self.members(
                    keyword.name,
                    PROXY_PROTOCOLS,
                    &PROXY_PROTOCOL_MEANINGS,
                    &mut draft.proxyprotocols,
                )?;
                draft.proxyprotocols_at = Some(word);
            }
            ClauseKey::Command => self.members(keyword.name, COMMANDS, Command::ALL, &mut draft.commands)?,
            ClauseKey::Protocol => {
                self.members(keyword.name, PROTOCOLS, Protocol::ALL, &mut draft.protocols)?
            }
            ClauseKey::Program => {
                let programs = self.callers(Program::new, Problem::NotAProgram)?;
                draft.callers.programs.extend(programs);
            }
            ClauseKey::Uid => {
                let users = self.callers(User::new, Problem::NotAUser)?;
                draft.callers.users.extend(users);
            }
            ClauseKey::Errno if draft.errno.is_none() => draft.errno = Some((self.choice()?, word)),
            ClauseKey::Errno => return self.fail(word, Problem::Repeated(keyword.name)),
            ClauseKey::Method => {
                self.methods(keyword.name, &mut draft.methods)?;
                draft.methods_at = Some(word);
            }
            ClauseKey::Next => {
                draft.next.extend(self.proxy_urls()?);
                draft.several_at.get_or_insert((word, keyword.name));
            }
            ClauseKey::Mode => {
                draft.mode = self.choice()?;
                draft.several_at.get_or_insert((word, keyword.name));
            }
            ClauseKey::ChainLen => {
                draft.chain_len = Some(self.number("a number of proxies", u32::MAX)? as usize);
                draft.several_at.get_or_insert((word, keyword.name));
            }
        }
        Ok(())
    }

    /// The programs or users up to the next keyword.
    fn callers<T>(&mut self, read: fn(&str) -> Option<T>, problem: fn(String) -> Problem) -> Result<Vec<T>> {
        let words = self.words(Class::Target)?;
        let caller = |word: Range<usize>| {
            let text = self.str(&word).into_owned();
            read(&text).map_or_else(|| self.fail(word, problem(text)), Ok)
        };
        words.into_iter().map(caller).collect()
    }

    fn methods(&mut self, keyword: &'static str, methods: &mut Vec<Method>) -> Result<()> {
        for (index, word) in self.values(keyword, METHODS)? {
            let method = if index == 0 { Method::None } else { Method::Username };
            if methods.contains(&method) {
                self.warn(word.clone(), Caution::Duplicate(self.str(&word).into_owned()));
            } else {
                methods.push(method);
            }
        }
        Ok(())
    }
}

/// What the words of [`PROXY_PROTOCOLS`] mean.
const PROXY_PROTOCOL_MEANINGS: [ProxyProtocol; 5] = [
    ProxyProtocol::SocksV4,
    ProxyProtocol::SocksV4a,
    ProxyProtocol::SocksV5,
    ProxyProtocol::Http,
    ProxyProtocol::Http,
];
