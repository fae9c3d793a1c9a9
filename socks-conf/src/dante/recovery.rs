//! Going on behind a mistake, so that one reading shows all of them.
//!
//! A mistake is passed over up to the next keyword of its route, or the next line outside the routes: far enough that
//! what follows is read as it was meant, near enough that little is missed.

use super::Result;
use super::cursor::{Class, Cursor};
use super::parser::{Model, Parser};
use crate::Diagnostic;
use crate::keyword::{Keyword, Section};
use crate::problem::Problem;

/// More than anybody corrects in one go.
const ENOUGH: usize = 20;

/// The mistakes of one file.
#[derive(Default)]
pub(crate) struct Mistakes {
    found: Vec<Diagnostic>,
    /// Whether anything in the file could be read.
    sense: bool,
}

impl Mistakes {
    pub(crate) fn suffice(&self) -> bool {
        self.found.len() >= ENOUGH
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn note_sense(&mut self) {
        self.sense = true;
    }

    /// All of them; where nothing made sense, the file is in another language, and one is enough.
    pub(crate) fn verdict(mut self) -> std::result::Result<(), Vec<Diagnostic>> {
        if !self.sense {
            self.found.truncate(1);
        }
        if self.found.is_empty() { Ok(()) } else { Err(self.found) }
    }

    pub(crate) fn first(self) -> Result<()> {
        self.found.into_iter().next().map_or(Ok(()), |mistake| Err(Box::new(mistake)))
    }
}

impl<M: Model> Parser<'_, M> {
    /// Leaves an option, or a block that is not ours, behind.
    pub(crate) fn skip_statement(&mut self, mistake: Diagnostic) {
        self.mistakes.found.push(mistake);
        let mut depth = 0_usize;
        let mut opened = false;
        while let Some(byte) = self.cursor.peek() {
            match byte {
                b'\n' if depth == 0 && (opened || !self.brace_follows()) => return,
                b'#' => {
                    self.cursor.skip_line();
                    continue;
                }
                b'{' => (depth, opened) = (depth + 1, true),
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.cursor.at += 1;
        }
    }

    fn brace_follows(&self) -> bool {
        let mut ahead = self.cursor;
        ahead.skip_space();
        ahead.peek() == Some(b'{')
    }

    /// Leaves a key inside a block behind; `start` is where it began.
    pub(crate) fn skip_clause(&mut self, mistake: Diagnostic, start: Cursor<'_>, section: Section) {
        // What belongs to a keyword that we do not have may look like keywords of ours: `redirect from:`.
        let whole_line = matches!(mistake.problem, Problem::Refused { .. });
        self.mistakes.found.push(mistake);
        if self.cursor.at == start.at {
            self.cursor.at += self.cursor.lexeme().len().max(1);
        }
        loop {
            self.cursor.skip_blanks();
            match self.cursor.peek() {
                None | Some(b'\n' | b'}') => return,
                Some(b'#') => self.cursor.skip_line(),
                Some(_) if !whole_line && self.clause_follows(section) => return,
                Some(_) => self.cursor.at += self.cursor.lexeme().len().max(1),
            }
        }
    }

    fn clause_follows(&self, section: Section) -> bool {
        let mut ahead = self.cursor;
        let word = ahead.word(Class::Plain);
        ahead.skip_blanks();
        ahead.peek() == Some(b':') && Keyword::find(&self.str(&word), section).is_some()
    }
}
