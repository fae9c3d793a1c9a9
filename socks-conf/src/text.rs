//! The text of a file, and how a range of its bytes becomes a place that a message can show.

use crate::diagnostic::Location;
use crate::veil::veil;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// How much of a long line a message shows before and behind the column.
const CONTEXT: usize = 100;

/// A file's bytes, without byte order mark. Comments may be in any encoding, so nothing more is asked of them.
pub(crate) struct Text<'a> {
    pub(crate) file: PathBuf,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Text<'a> {
    pub(crate) fn new(bytes: &'a [u8], file: &Path) -> Text<'a> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        Text { file: file.to_owned(), bytes }
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    pub(crate) fn line_of(&self, offset: usize) -> u32 {
        let newlines =
            self.slice(0..offset.min(self.bytes.len())).iter().filter(|byte| **byte == b'\n').count();
        u32::try_from(newlines).map_or(u32::MAX, |newlines| newlines.saturating_add(1))
    }

    /// The beginning of a line, counted from 1, behind its blanks.
    pub(crate) fn beginning_of(&self, line: u32) -> Range<usize> {
        let earlier = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let start = self.bytes.split_inclusive(|byte| *byte == b'\n').take(earlier).map(<[u8]>::len).sum();
        let blanks = self.line_at(start).iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let word = self.line_at(start).iter().skip(blanks).take_while(|byte| !byte.is_ascii_whitespace());
        start + blanks..start + blanks + word.count()
    }

    /// Where `range` is. A range behind the last newline of the file is shown at the end of the last line.
    pub(crate) fn locate(&self, range: Range<usize>) -> Location {
        let start = range.start.min(self.last_visible());
        let before = self.slice(0..start);
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line = self.line_at(line_start);
        let start = (start - line_start).min(line.len());
        let end = range.end.saturating_sub(line_start).clamp(start, line.len());
        let line = veil(line);
        let (before, line) = line.split_at_checked(start).unwrap_or((&line, &[]));
        let (meant, behind) = line.split_at_checked(end - start).unwrap_or((line, &[]));
        let (before, meant, behind) = (printable(before), printable(meant), printable(behind));
        Location {
            file: self.file.clone(),
            line: self.line_of(line_start),
            column: count(&before).saturating_add(1),
            length: count(&meant).max(1),
            shown_column: count(tail(&before)).saturating_add(1),
            text: format!("{}{}{}", tail(&before), head(&meant), head(&behind)).trim_end().to_owned(),
        }
    }

    /// The line that `offset` is in, without its end.
    pub(crate) fn line_at(&self, offset: usize) -> &'a [u8] {
        let before = self.slice(0..offset.min(self.bytes.len()));
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line =
            self.slice(start..self.bytes.len()).split(|byte| *byte == b'\n').next().unwrap_or_default();
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// The end of the last line that holds anything.
    fn last_visible(&self) -> usize {
        self.bytes.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(0, |last| last + 1)
    }
}

/// Nothing that a terminal would act upon.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let shown = |c: char| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c };
    String::from_utf8_lossy(bytes).chars().map(shown).collect()
}

fn count(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

fn tail(text: &str) -> &str {
    let start = text.char_indices().rev().nth(CONTEXT - 1).map_or(0, |(start, _)| start);
    text.get(start..).unwrap_or(text)
}

fn head(text: &str) -> &str {
    let end = text.char_indices().nth(CONTEXT).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or(text)
}
