//! The keys outside the routes.

use super::Result;
use super::cursor::Class;
use super::parser::Parser;
use crate::caution::Caution;
use crate::keyword::{Key, Keyword, OptionKey, RESOLVE_PROTOCOLS, Section, Standing};
use crate::{LogTarget, ResolveProtocol};
use std::ops::Range;
use std::time::Duration;

impl Parser<'_> {
    pub(super) fn read_option(&mut self, word: Range<usize>) -> Result<()> {
        let keyword = self.keyword(word, Section::File)?;
        match keyword.standing {
            Standing::Supported(Key::Option(key)) | Standing::Renamed(_, Key::Option(key)) => {
                self.set_option(key, keyword)
            }
            _ => self.skip_value(keyword),
        }
    }

    fn set_option(&mut self, key: OptionKey, keyword: &'static Keyword) -> Result<()> {
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
            OptionKey::ResolveProtocol => {
                let (index, _) = self.value(keyword.name, RESOLVE_PROTOCOLS)?;
                self.config.resolveprotocol =
                    ResolveProtocol::ALL.get(index).copied().unwrap_or(ResolveProtocol::Fake);
            }
            OptionKey::TimeoutConnect => {
                let seconds = self.number("a number of seconds", u32::MAX)?;
                self.config.timeout_connect = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
            }
        }
        Ok(())
    }

    /// Log targets up to the end of the line or the next keyword.
    pub(super) fn log_targets(&mut self) -> Result<Vec<LogTarget>> {
        let mut targets = Vec::new();
        loop {
            self.cursor.skip_blanks();
            let mut ahead = self.cursor;
            let word = ahead.word(Class::Target);
            if word.is_empty() && targets.is_empty() {
                return self.unexpected("stderr, stdout, syslog or a file");
            }
            if word.is_empty() || self.keyword_follows() {
                return Ok(targets);
            }
            self.cursor = ahead;
            targets.push(self.log_target(word));
        }
    }

    fn keyword_follows(&self) -> bool {
        let mut ahead = self.cursor;
        let word = ahead.word(Class::Plain);
        ahead.skip_blanks();
        Keyword::find(&self.str(&word), Section::File).is_some() && ahead.peek() == Some(b':')
    }

    fn log_target(&mut self, word: Range<usize>) -> LogTarget {
        let target = LogTarget::from_bytes(self.text.slice(word.clone()));
        if let Some(facility) = target.unknown_facility() {
            self.warn(word, Caution::UnknownFacility(facility.to_owned()));
        }
        target
    }
}
