//! A complaint about one place of a file: file, line, column, the line itself, a caret, and what would be
//! accepted.

use crate::caution::Caution;
use crate::problem::Problem;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Location {
    /// The file, or `$VARIABLE`.
    pub file: PathBuf,
    /// The line, from 1; 0 when the whole file is meant.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// How many characters are meant.
    pub length: u32,
    /// The line itself, printable; of a very long line the part around the column.
    pub text: String,
    /// The column within `text`, from 1.
    pub(crate) shown_column: u32,
}

impl Location {
    /// The whole of `file`.
    pub(crate) fn whole(file: PathBuf) -> Location {
        Location { file, line: 0, column: 0, length: 0, text: String::new(), shown_column: 0 }
    }

    /// The bytes of [`text`](Location::text) that are meant; empty when the whole file is.
    pub fn shown(&self) -> Range<usize> {
        let place = |column: usize| {
            let mut columns = self.text.char_indices().map(|(start, _)| start);
            columns.nth(column).unwrap_or(self.text.len())
        };
        let start = self.shown_column.saturating_sub(1) as usize;
        place(start)..place(start + self.length as usize)
    }

    /// Whether `text` is only a part of the line.
    pub fn is_cut(&self) -> bool {
        self.column != self.shown_column
    }

    fn write_place(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: ", self.file.display()),
            line => write!(f, "{}:{line}:{}: ", self.file.display(), self.column),
        }
    }

    fn write_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return Ok(());
        }
        let before = self.text.chars().take(self.shown_column.saturating_sub(1) as usize);
        let padding: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let room = self.text.chars().count().saturating_sub(padding.chars().count()).max(1);
        let carets = "^".repeat((self.length as usize).min(room));
        write!(f, "\n{:>5} | {}\n      | {padding}{carets}", self.line, self.text)
    }
}

/// Why a file is refused, with the place. Its `Display` is the complete message, several lines long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Where.
    pub location: Location,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.location.write_place(f)?;
        write!(f, "{}", self.problem)?;
        self.location.write_line(f)?;
        match self.problem.accepted() {
            Some(accepted) => write!(f, "\n  {accepted}"),
            None => Ok(()),
        }
    }
}

/// Something that was accepted but means less, or something else, than its author may think.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// Where.
    pub location: Location,
    /// What to know.
    pub caution: Caution,
}

impl Warning {
    /// A file that holds a password can be read by others. Who can read what is not known here.
    pub fn exposed(file: PathBuf) -> Warning {
        Warning { location: Location::whole(file.clone()), caution: Caution::Exposed(file) }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.location.write_place(f)?;
        write!(f, "warning: {}", self.caution)?;
        self.location.write_line(f)
    }
}
