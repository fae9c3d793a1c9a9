//! A rule block of Dante's syntax: its keys in any order.

use super::keyword::{EVENTS, RuleKey, VERSIONS};
use super::model::{Action, LogEvent, Rule, Sockd};
use super::problem::SockdProblem;
use crate::dante::{Class, Parser, Result};
use crate::keyword::{COMMANDS, Key, Keyword, PROTOCOLS, Section, Standing};
use crate::problem::Problem;
use crate::set::{Member, Set};
use crate::{Command, Endpoint, Protocol, ProxyProtocol};
use std::num::NonZeroU64;
use std::ops::Range;

/// Which of the two lists a rule is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Client,
    Socks,
}

/// What a block said so far; an empty set is a key that did not occur.
struct Draft {
    rule: Rule,
    from: Option<Endpoint>,
    to: Option<Endpoint>,
    commands: Set<Command>,
    protocols: Set<Protocol>,
    versions: Set<ProxyProtocol>,
}

impl Parser<'_, Sockd> {
    /// Reads a rule if `word` opens one.
    pub(super) fn read_rule_at(&mut self, word: &Range<usize>) -> Result<bool> {
        let (stage, action) = match self.text.slice(word.clone()) {
            b"client" => (Stage::Client, self.action()?),
            b"socks" => (Stage::Socks, self.action()?),
            b"pass" => (Stage::Socks, Action::Pass),
            b"block" => (Stage::Socks, Action::Block),
            _ => return Ok(false),
        };
        self.cursor.skip_space();
        if !self.cursor.take(b'{') {
            return self.unexpected("`{` behind `pass` or `block`");
        }
        let mut draft = Draft::new(action, self.text.line_of(word.start));
        let broken = self.read_rule_keys(stage, &mut draft);
        let at = word.start..word.end;
        if !self.cursor.take(b'}') && !broken {
            return self.fail(at, Problem::Sockd(SockdProblem::Unclosed));
        }
        if broken {
            return Ok(true);
        }
        let rule = match draft.finish() {
            Ok(rule) => rule,
            Err(problem) => return self.fail(at, Problem::Sockd(problem)),
        };
        self.add_rule(stage, rule, at)?;
        Ok(true)
    }

    fn action(&mut self) -> Result<Action> {
        self.cursor.skip_space();
        let word = self.cursor.word(Class::Plain);
        match self.text.slice(word.clone()) {
            b"pass" => Ok(Action::Pass),
            b"block" => Ok(Action::Block),
            _ => {
                self.cursor.at = word.start;
                self.unexpected("`pass` or `block`")
            }
        }
    }

    /// Reads the keys of a rule; whether there was one that could not be read.
    fn read_rule_keys(&mut self, stage: Stage, draft: &mut Draft) -> bool {
        let mut broken = false;
        loop {
            self.cursor.skip_space();
            let start = self.cursor;
            let word = self.cursor.word(Class::Plain);
            let opener = matches!(self.text.slice(word.clone()), b"client" | b"socks" | b"pass" | b"block");
            // The next rule can only mean that this one was not closed.
            if matches!(start.peek(), None | Some(b'}')) || opener {
                self.cursor = start;
                return broken;
            }
            if let Err(mistake) = self.read_rule_word(stage, word, draft) {
                broken = true;
                self.skip_clause(*mistake, start, Section::Rule);
            }
        }
    }

    fn read_rule_word(&mut self, stage: Stage, word: Range<usize>, draft: &mut Draft) -> Result<()> {
        let keyword = self.keyword(word.clone(), Section::Rule)?;
        match keyword.standing {
            Standing::Supported(Key::Rule(key)) | Standing::Renamed(_, Key::Rule(key)) => {
                self.read_rule_key(stage, key, keyword, word, draft)
            }
            _ => self.skip_value(keyword),
        }
    }

    fn read_rule_key(
        &mut self,
        stage: Stage,
        key: RuleKey,
        keyword: &'static Keyword,
        word: Range<usize>,
        draft: &mut Draft,
    ) -> Result<()> {
        let about_requests = matches!(
            key,
            RuleKey::Command
                | RuleKey::Protocol
                | RuleKey::ProxyProtocol
                | RuleKey::PamService
                | RuleKey::Bandwidth
                | RuleKey::UserBandwidth
        );
        if stage == Stage::Client && about_requests {
            return self.fail(word, Problem::Sockd(SockdProblem::NotInClientRule(keyword.name)));
        }
        match key {
            RuleKey::From if draft.from.is_none() => draft.from = Some(self.endpoint()?),
            RuleKey::To if draft.to.is_none() => draft.to = Some(self.endpoint()?),
            RuleKey::From | RuleKey::To => {
                return self.fail(word, Problem::Sockd(SockdProblem::Repeated(keyword.name)));
            }
            RuleKey::Command => self.members(keyword.name, COMMANDS, Command::ALL, &mut draft.commands)?,
            RuleKey::Protocol => {
                self.members(keyword.name, PROTOCOLS, Protocol::ALL, &mut draft.protocols)?
            }
            RuleKey::ProxyProtocol => {
                let meanings = [ProxyProtocol::SocksV4, ProxyProtocol::SocksV5];
                self.members(keyword.name, VERSIONS, &meanings, &mut draft.versions)?;
            }
            RuleKey::Method => {
                let methods = match stage {
                    Stage::Client => self.client_methods(keyword.name, word)?,
                    Stage::Socks => self.server_methods(keyword.name, word)?,
                };
                draft.rule.methods = draft.rule.methods.union(methods.into_iter().collect());
            }
            RuleKey::User => {
                let names = self.names()?;
                draft.rule.users.extend(names);
            }
            RuleKey::Group => {
                let names = self.names()?;
                draft.rule.groups.extend(names);
            }
            RuleKey::PamService => draft.rule.pam_service = Some(self.one_word()?),
            RuleKey::Bandwidth => draft.rule.bandwidth = Some(self.bandwidth()?),
            RuleKey::UserBandwidth => draft.rule.user_bandwidth = Some(self.bandwidth()?),
            RuleKey::Log => self.events(keyword.name, draft.rule.log.get_or_insert_default())?,
        }
        Ok(())
    }

    /// A rate of zero would let nothing pass by a rule that passes.
    fn bandwidth(&mut self) -> Result<NonZeroU64> {
        self.cursor.skip_space();
        let start = self.cursor.at;
        let rate = self.number("a number of bytes a second", u32::MAX)?;
        match NonZeroU64::new(rate.into()) {
            Some(rate) => Ok(rate),
            None => self.fail(start..self.cursor.at, Problem::Sockd(SockdProblem::NoBandwidth)),
        }
    }

    fn names(&mut self) -> Result<Vec<String>> {
        let words = self.words(Class::Target)?;
        Ok(words.iter().map(|word| self.str(word).into_owned()).collect())
    }

    fn events(&mut self, keyword: &'static str, events: &mut Set<LogEvent>) -> Result<()> {
        let named = self.values(keyword, EVENTS)?;
        let named = named.into_iter().filter_map(|(index, _)| LogEvent::of(index));
        *events = events.union(named.collect());
        Ok(())
    }
}

impl Draft {
    fn new(action: Action, line: u32) -> Draft {
        let rule = Rule { line, ..Rule::new(action) };
        let (commands, protocols, versions) = (Set::EMPTY, Set::EMPTY, Set::EMPTY);
        Draft { rule, from: None, to: None, commands, protocols, versions }
    }

    fn finish(self) -> std::result::Result<Rule, SockdProblem> {
        Ok(Rule {
            from: vec![self.from.ok_or(SockdProblem::Missing("from"))?],
            to: vec![self.to.ok_or(SockdProblem::Missing("to"))?],
            commands: self.commands.or(Set::all()),
            protocols: self.protocols.or(Set::all()),
            proxyprotocols: versions(self.versions),
            ..self.rule
        })
    }
}

/// The versions a rule is about; who says SOCKS4 means SOCKS4a too.
pub(super) fn versions(said: Set<ProxyProtocol>) -> Set<ProxyProtocol> {
    let socks4a = said.contains(ProxyProtocol::SocksV4).then_some(ProxyProtocol::SocksV4a);
    said.or(Set::all()).union(socks4a.into_iter().collect())
}
