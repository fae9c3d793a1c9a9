//! The reader's state, what it can expect next, and how it complains.

use super::Result;
use super::cursor::{Class, Cursor};
use super::recovery::Mistakes;
use crate::caution::Caution;
use crate::keyword::{Keyword, Section, Standing, Value};
use crate::problem::Problem;
use crate::set::{Member, Set};
use crate::text::{Text, printable};
use crate::value::unknown_value;
use crate::{Config, Diagnostic, Warning};
use std::borrow::Cow;
use std::ops::Range;

/// What a file is read into: the client's [`Config`], or the server's.
pub(crate) trait Model {
    /// The keywords outside every block.
    const OUTSIDE: Section;
    /// The words that open a block and have no colon.
    const OPENERS: &'static [&'static [u8]];
    /// Whether a place may be a network interface, which looks like a host name.
    const INTERFACES: bool;

    fn warnings(&mut self) -> &mut Vec<Warning>;
}

impl Model for Config {
    const OUTSIDE: Section = Section::File;
    const OPENERS: &'static [&'static [u8]] = &[b"redirect", b"route"];
    const INTERFACES: bool = false;

    fn warnings(&mut self) -> &mut Vec<Warning> {
        &mut self.warnings
    }
}

pub(crate) struct Parser<'a, M = Config> {
    pub(crate) text: &'a Text<'a>,
    pub(crate) cursor: Cursor<'a>,
    pub(crate) config: &'a mut M,
    pub(crate) mistakes: Mistakes,
}

impl Parser<'_> {
    pub(crate) fn read_file(&mut self) {
        loop {
            self.cursor.skip_space();
            if self.cursor.peek().is_none() || self.mistakes.suffice() {
                return;
            }
            let word = self.cursor.word(Class::Plain);
            let read = match self.text.slice(word.clone()) {
                b"route" => self.read_route(word),
                _ => self.read_option(word),
            };
            match read {
                Ok(()) => self.mistakes.note_sense(),
                Err(mistake) => self.skip_statement(*mistake),
            }
        }
    }
}

impl<'a, M: Model> Parser<'a, M> {
    pub(crate) fn new(text: &'a Text<'a>, config: &'a mut M) -> Parser<'a, M> {
        Parser { text, cursor: Cursor::new(text.bytes), config, mistakes: Mistakes::default() }
    }

    pub(crate) fn fail<T>(&self, range: Range<usize>, problem: Problem) -> Result<T> {
        Err(Box::new(Diagnostic { location: self.text.locate(range), problem }))
    }

    pub(crate) fn warn(&mut self, range: Range<usize>, caution: Caution) {
        let location = self.text.locate(range);
        self.config.warnings().push(Warning { location, caution });
    }

    /// Complains that `expected` does not come next.
    pub(crate) fn unexpected<T>(&self, expected: &'static str) -> Result<T> {
        let lexeme = self.cursor.lexeme();
        let problem = match self.text.slice(lexeme.clone()) {
            [separator @ (b',' | b';')] => Problem::Separator(char::from(*separator)),
            _ => Problem::Expected { expected, found: self.found() },
        };
        self.fail(lexeme, problem)
    }

    /// What comes next, in words.
    pub(crate) fn found(&self) -> String {
        let lexeme = self.cursor.lexeme();
        match self.cursor.peek() {
            None => "the end of the file".to_owned(),
            Some(_) if lexeme.is_empty() => "the end of the line".to_owned(),
            Some(b' ' | b'\t') => "a blank".to_owned(),
            Some(_) => format!("`{}`", printable(self.text.slice(lexeme))),
        }
    }

    pub(crate) fn str(&self, range: &Range<usize>) -> Cow<'a, str> {
        String::from_utf8_lossy(self.text.slice(range.clone()))
    }

    /// The keyword `word` of this section, with the colon behind it.
    pub(crate) fn keyword(&mut self, word: Range<usize>, section: Section) -> Result<&'static Keyword> {
        if word.is_empty() {
            return self.unexpected(match section {
                Section::File => "a keyword or `route`",
                Section::Sockd => "a keyword or a rule",
                Section::Route | Section::Rule => "a keyword or `}`",
            });
        }
        let name = self.str(&word);
        let Some(keyword) = Keyword::find(&name, section) else {
            return self.fail(word, unknown_keyword(&name, section));
        };
        if let Standing::Refused(reason) = keyword.standing {
            return self.fail(word, Problem::Refused { what: name.into_owned(), reason });
        }
        self.cursor.skip_blanks();
        if !self.cursor.take(b':') {
            return self.unexpected("`:` behind the keyword");
        }
        if let Standing::Renamed(new, _) = keyword.standing {
            self.warn(word, Caution::Renamed { old: keyword.name, new });
        } else if let Standing::NoEffect(reason) = keyword.standing {
            self.warn(word, Caution::NoEffect { what: name.into_owned(), reason });
        }
        Ok(keyword)
    }

    /// Reads the value of a keyword without effect, so that a wrong one is still noticed.
    pub(crate) fn skip_value(&mut self, keyword: &'static Keyword) -> Result<()> {
        match keyword.value {
            Value::Number => self.number("a number", u32::MAX).map(drop),
            Value::Seconds => self.number("a number of seconds", u32::MAX).map(drop),
            Value::LogTargets => self.log_targets().map(drop),
            Value::NameServers => self.name_servers().map(drop),
            Value::OneOf(accepted) => self.value(keyword.name, accepted).map(drop),
            Value::ListOf(accepted) => self.values(keyword.name, accepted).map(drop),
            Value::Endpoint => self.endpoint().map(drop),
            Value::Gateway => self.gateway().map(drop),
            Value::ProxyUrls => self.proxy_urls().map(drop),
            Value::Word | Value::Words | Value::Listen | Value::Local => self.words(Class::Target).map(drop),
            Value::RestOfLine => {
                self.skip_rest_of_line();
                Ok(())
            }
        }
    }

    /// Leaves the line, or stops before a `}` that ends the route.
    fn skip_rest_of_line(&mut self) {
        loop {
            self.cursor.skip_blanks();
            if self.cursor.word(Class::Target).is_empty() {
                match self.cursor.peek() {
                    Some(b'\\' | b'{') => self.cursor.at += 1,
                    _ => return,
                }
            }
        }
    }

    /// One word out of `accepted`; its index comes with it.
    pub(crate) fn value(
        &mut self,
        keyword: &'static str,
        accepted: &'static [&'static str],
    ) -> Result<(usize, Range<usize>)> {
        let (name, word) = self.value_word()?;
        match accepted.iter().position(|value| *value == name) {
            Some(index) => Ok((index, word)),
            None => self.fail(word, unknown_value(keyword, &name, accepted)),
        }
    }

    /// The one word that is a keyword's value.
    pub(super) fn value_word(&mut self) -> Result<(Cow<'a, str>, Range<usize>)> {
        self.cursor.skip_space();
        let word = self.cursor.word(Class::Plain);
        if word.is_empty() {
            return self.unexpected("a value");
        }
        Ok((self.str(&word), word))
    }

    /// All values up to the next keyword.
    pub(crate) fn values(
        &mut self,
        keyword: &'static str,
        accepted: &'static [&'static str],
    ) -> Result<Vec<(usize, Range<usize>)>> {
        let mut values = vec![self.value(keyword, accepted)?];
        while self.another_value() {
            values.push(self.value(keyword, accepted)?);
        }
        Ok(values)
    }

    /// Adds the members that the words stand for; `meanings` is parallel to `accepted`.
    pub(crate) fn members<T: Member>(
        &mut self,
        keyword: &'static str,
        accepted: &'static [&'static str],
        meanings: &[T],
        set: &mut Set<T>,
    ) -> Result<()> {
        for (index, _) in self.values(keyword, accepted)? {
            if let Some(member) = meanings.get(index) {
                set.insert(*member);
            }
        }
        Ok(())
    }

    /// Words of any kind, up to the next keyword.
    pub(crate) fn words(&mut self, class: Class) -> Result<Vec<Range<usize>>> {
        let mut words = Vec::new();
        loop {
            self.cursor.skip_space();
            let word = self.cursor.word(class);
            if word.is_empty() {
                return self.unexpected("a value");
            }
            words.push(word);
            if !self.another_value() {
                return Ok(words);
            }
        }
    }

    /// Whether a word comes next that is not the next keyword.
    fn another_value(&self) -> bool {
        let mut ahead = self.cursor;
        ahead.skip_space();
        let word = ahead.word(Class::Plain);
        ahead.skip_blanks();
        !word.is_empty() && ahead.peek() != Some(b':') && !M::OPENERS.contains(&self.text.slice(word))
    }
}

fn unknown_keyword(name: &str, section: Section) -> Problem {
    let elsewhere = section.counterpart();
    match Keyword::find(name, elsewhere) {
        Some(keyword) if !matches!(keyword.standing, Standing::Refused(_)) => {
            Problem::Misplaced { word: keyword.name, belongs: elsewhere }
        }
        _ => Problem::UnknownKeyword {
            word: name.to_owned(),
            section,
            similar: Keyword::similar(name, section),
        },
    }
}
