//! Where we are in the text, and the characters that end a word there.
//!
//! What ends a word depends on what is being read (`:` is part of an address but ends a keyword), so the
//! reader asks for words of a class instead of being given tokens.

use std::ops::Range;

/// What a word may consist of.
#[derive(Clone, Copy)]
pub(crate) enum Class {
    /// Keywords and their values: letters, digits, `.`, `-`, `_`.
    Plain,
    /// Addresses and names: everything up to a blank, a comment, a brace, `/` or `=`.
    Address,
    /// Log targets: everything up to a blank, a comment or a brace.
    Target,
}

impl Class {
    fn has(self, byte: u8) -> bool {
        match self {
            Class::Plain => byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'),
            Class::Address => Class::Target.has(byte) && !matches!(byte, b'/' | b'='),
            Class::Target => !byte.is_ascii_whitespace() && !matches!(byte, b'#' | b'{' | b'}' | b'\\'),
        }
    }
}

/// A place in the text; copied to look ahead.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Blanks and joined lines.
    pub(crate) fn skip_blanks(&mut self) {
        loop {
            self.at += match self.rest() {
                [b' ' | b'\t', ..] => 1,
                [b'\\', b'\n', ..] => 2,
                [b'\\', b'\r', b'\n', ..] => 3,
                _ => return,
            }
        }
    }

    /// Blanks, line ends and comments.
    pub(crate) fn skip_space(&mut self) {
        loop {
            self.skip_blanks();
            match self.rest() {
                [b'\n', ..] => self.at += 1,
                [b'\r', b'\n', ..] | [b'\r'] => self.at += 1,
                [b'#', ..] => self.skip_line(),
                _ => return,
            }
        }
    }

    /// To the end of the line; a backslash does not continue it.
    pub(crate) fn skip_line(&mut self) {
        self.at += self.rest().iter().position(|byte| *byte == b'\n').unwrap_or(self.rest().len());
    }

    /// The word that begins here, perhaps empty.
    pub(crate) fn word(&mut self, class: Class) -> Range<usize> {
        let length = self.rest().iter().take_while(|byte| class.has(**byte)).count();
        self.at += length;
        self.at - length..self.at
    }

    /// Passes over `byte` if it comes next.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    /// What stands here, for a message: a word or one character.
    pub(crate) fn lexeme(&self) -> Range<usize> {
        let mut ahead = *self;
        let word = ahead.word(Class::Plain);
        if !word.is_empty() {
            return word;
        }
        let length = match self.rest() {
            [] | [b'\n' | b'\r', ..] => 0,
            [first, ..] if first.is_ascii() => 1,
            rest => rest.iter().take_while(|byte| !byte.is_ascii()).count(),
        };
        self.at..self.at + length
    }
}
