//! The port specification behind an address.

use super::Result;
use super::cursor::Class;
use super::parser::{Model, Parser};
use crate::caution::Caution;
use crate::problem::Problem;
use crate::{Ports, service};
use std::ops::Range;

/// Builds the ports of one operator.
type Operator = fn(u16) -> Ports;

const SYMBOLS: &[(&[u8], Operator)] = &[
    (b"!=", Ports::NotEqual),
    (b">=", Ports::GreaterOrEqual),
    (b"<=", Ports::LessOrEqual),
    (b"=", Ports::Equal),
    (b">", Ports::Greater),
    (b"<", Ports::Less),
];

const WORDS: &[(&[u8], Operator)] = &[
    (b"ne", Ports::NotEqual),
    (b"ge", Ports::GreaterOrEqual),
    (b"le", Ports::LessOrEqual),
    (b"eq", Ports::Equal),
    (b"gt", Ports::Greater),
    (b"lt", Ports::Less),
];

impl<M: Model> Parser<'_, M> {
    /// The ports behind an address in `from` or `to`.
    pub(crate) fn ports(&mut self) -> Result<Ports> {
        if !self.take_port_word() {
            return Ok(Ports::Any);
        }
        if let Some((operator, _)) = self.operator()? {
            let (port, _) = self.port_number()?;
            return self.no_range_follows(Problem::RangeWithOperator).map(|()| operator(port));
        }
        self.port_range()
    }

    /// The port to listen on; here alone a colon may stand for the operator, as in Dante.
    pub(crate) fn listen_port(&mut self) -> Result<Ports> {
        let mut ahead = self.cursor;
        ahead.skip_space();
        let word = ahead.word(Class::Plain);
        ahead.skip_blanks();
        if self.text.slice(word) == b"port" && ahead.take(b':') {
            self.cursor = ahead;
            return self.port_number().map(|(port, _)| Ports::Equal(port));
        }
        self.ports()
    }

    /// The port behind a proxy.
    pub(crate) fn proxy_port(&mut self) -> Result<Option<u16>> {
        if !self.take_port_word() {
            return Ok(None);
        }
        let Some((operator, range)) = self.operator()? else {
            return self.fail(self.cursor.lexeme(), Problem::PortOperator(self.found()));
        };
        if operator(0) != Ports::Equal(0) {
            self.warn(range, Caution::ProxyPortOperator);
        }
        let (port, range) = self.port_number()?;
        if port == 0 {
            return self.fail(range, Problem::PortZero);
        }
        self.no_range_follows(Problem::RangeForProxy).map(|()| Some(port))
    }

    fn take_port_word(&mut self) -> bool {
        let mut ahead = self.cursor;
        ahead.skip_space();
        let word = ahead.word(Class::Plain);
        let taken = self.text.slice(word) == b"port";
        if taken {
            self.cursor = ahead;
        }
        taken
    }

    /// The operator that comes next, if one does.
    fn operator(&mut self) -> Result<Option<(Operator, Range<usize>)>> {
        self.cursor.skip_space();
        let start = self.cursor.at;
        if self.cursor.peek() == Some(b':') {
            return self.fail(self.cursor.lexeme(), Problem::PortColon);
        }
        for (symbol, operator) in SYMBOLS {
            if self.text.slice(start..start + symbol.len()) == *symbol {
                self.cursor.at += symbol.len();
                return Ok(Some((*operator, start..self.cursor.at)));
            }
        }
        let mut ahead = self.cursor;
        let word = ahead.word(Class::Plain);
        let operator = WORDS.iter().find(|(name, _)| *name == self.text.slice(word.clone()));
        Ok(operator.map(|(_, operator)| {
            self.cursor = ahead;
            (*operator, word)
        }))
    }

    /// A number or the name of a service.
    fn port_number(&mut self) -> Result<(u16, Range<usize>)> {
        self.cursor.skip_space();
        let start = self.cursor.at;
        let mut word = self.cursor.word(Class::Plain);
        if self.text.slice(start..start + 1).first().is_none_or(u8::is_ascii_digit) {
            // `80-90` is one word of this class, but a number and a range here.
            let digits = self.text.slice(word.clone());
            word.end = start + digits.iter().position(|byte| *byte == b'-').unwrap_or(digits.len());
            self.cursor.at = word.end;
            return self.port_in(word.clone()).map(|port| (port, word));
        }
        let name = self.str(&word);
        match service::port(&name) {
            Some(port) => Ok((port, word)),
            None if word.is_empty() => self.unexpected("a port"),
            None if name.starts_with('-') => {
                self.fail(word, Problem::NotANumber { what: "a port", found: format!("`{name}`") })
            }
            None => {
                let similar = crate::similar::similar(&name, service::names());
                self.fail(word, Problem::UnknownService { name: name.into_owned(), similar })
            }
        }
    }

    fn port_in(&mut self, word: Range<usize>) -> Result<u16> {
        let port = self.number_in(word, "a port", u32::from(u16::MAX))?;
        Ok(u16::try_from(port).unwrap_or(u16::MAX))
    }

    fn no_range_follows(&self, problem: Problem) -> Result<()> {
        let mut ahead = self.cursor;
        ahead.skip_space();
        if ahead.peek() == Some(b'-') { self.fail(ahead.at..ahead.at + 1, problem) } else { Ok(()) }
    }

    /// `1024-65535`, blanks around the dash or not.
    fn port_range(&mut self) -> Result<Ports> {
        if !self.cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.fail(self.cursor.lexeme(), Problem::PortOperator(self.found()));
        }
        let (first, start) = self.port_number()?;
        self.cursor.skip_space();
        if !self.cursor.take(b'-') {
            return self.fail(start.clone(), Problem::PortOperator(format!("`{}`", self.str(&start))));
        }
        self.cursor.skip_space();
        let (last, end) = self.port_number()?;
        if first > last {
            return self.fail(start.start..end.end, Problem::RangeReversed);
        }
        Ok(Ports::Range(first, last))
    }
}
