//! The keys outside the routes.

use super::Result;
use super::cursor::Class;
use super::parser::{Model, Parser};
use crate::caution::Caution;
use crate::choice::Choice;
use crate::keyword::{Key, Keyword, OptionKey, Section, Standing};
use crate::{LogTarget, nameserver};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

impl Parser<'_> {
    pub(super) fn read_option(&mut self, word: Range<usize>) -> Result<()> {
        let keyword = self.keyword(word, Section::File)?;
        match keyword.standing {
            Standing::Supported(Key::Option(key)) | Standing::Renamed(_, Key::Option(key)) => {
                self.set_option(key)
            }
            _ => self.skip_value(keyword),
        }
    }

    fn set_option(&mut self, key: OptionKey) -> Result<()> {
        match key {
            OptionKey::Debug => self.config.debug = self.number("a number", u32::MAX)?,
            OptionKey::LogOutput => {
                let targets = self.log_targets()?;
                self.config.logoutput.extend(targets);
            }
            OptionKey::ErrorLog => {
                let targets = self.log_targets()?;
                self.config.errorlog.extend(targets);
            }
            OptionKey::ResolveProtocol => self.config.resolveprotocol = self.choice()?,
            OptionKey::NameServer => {
                let servers = self.name_servers()?;
                self.config.nameservers.extend(servers);
            }
            OptionKey::Udp => self.config.udp = self.choice()?,
            OptionKey::Bind => self.config.bind = self.choice()?,
            OptionKey::TimeoutConnect => {
                let seconds = self.number("a number of seconds", u32::MAX)?;
                self.config.timeout_connect = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
            }
        }
        Ok(())
    }

    pub(super) fn choice<T: Choice>(&mut self) -> Result<T> {
        let (word, range) = self.value_word()?;
        T::from_word(&word).or_else(|problem| self.fail(range, problem))
    }
}

impl<M: Model> Parser<'_, M> {
    /// Log targets up to the end of the line or the next keyword.
    pub(crate) fn log_targets(&mut self) -> Result<Vec<LogTarget>> {
        let words = self.line_words("stderr, stdout, syslog or a file")?;
        Ok(words.into_iter().map(|word| self.log_target(word)).collect())
    }

    /// Addresses of name servers up to the end of the line or the next keyword.
    pub(super) fn name_servers(&mut self) -> Result<Vec<SocketAddr>> {
        let words = self.line_words("the address of a name server")?;
        let server = |word: Range<usize>| {
            nameserver::parse(&self.str(&word)).or_else(|problem| self.fail(word, problem))
        };
        words.into_iter().map(server).collect()
    }

    /// Words up to the end of the line or the next keyword, at least one.
    fn line_words(&mut self, expected: &'static str) -> Result<Vec<Range<usize>>> {
        let mut words = Vec::new();
        loop {
            self.cursor.skip_blanks();
            let mut ahead = self.cursor;
            let word = ahead.word(Class::Target);
            if word.is_empty() && words.is_empty() {
                return self.unexpected(expected);
            }
            if word.is_empty() || self.keyword_follows() {
                return Ok(words);
            }
            self.cursor = ahead;
            words.push(word);
        }
    }

    fn keyword_follows(&self) -> bool {
        let mut ahead = self.cursor;
        let word = ahead.word(Class::Plain);
        ahead.skip_blanks();
        Keyword::find(&self.str(&word), M::OUTSIDE).is_some() && ahead.peek() == Some(b':')
    }

    fn log_target(&mut self, word: Range<usize>) -> LogTarget {
        let target = LogTarget::from_bytes(self.text.slice(word.clone()));
        if let Some(facility) = target.unknown_facility() {
            self.warn(word, Caution::UnknownFacility(facility.to_owned()));
        }
        target
    }
}
