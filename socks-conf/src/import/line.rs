//! Files that consist of lines of words.

use crate::text::Text;
use std::ops::Range;

/// The words of one line that has any, by their places in the text.
#[derive(Clone)]
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: u32,
    pub(super) words: Vec<Range<usize>>,
    /// Behind the last word.
    pub(super) end: usize,
}

impl Line {
    /// The word at `index`, or the empty place behind the last.
    pub(super) fn word(&self, index: usize) -> Range<usize> {
        self.words.get(index).cloned().unwrap_or(self.end..self.end)
    }

    /// From the word at `index` to the end.
    pub(super) fn from(&self, index: usize) -> Range<usize> {
        self.word(index).start..self.end
    }
}

/// Every line with words in it. `starts_comment` says of a word, by its number in the line, whether it and what is
/// behind it is a comment.
pub(super) fn lines(text: &Text<'_>, starts_comment: fn(usize, &[u8]) -> bool) -> Vec<Line> {
    let mut start = 0;
    let mut lines = Vec::new();
    for (index, line) in text.bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let mut words = words(line, start);
        let comment = words
            .iter()
            .enumerate()
            .position(|(index, word)| starts_comment(index, text.slice(word.clone())));
        words.truncate(comment.unwrap_or(words.len()));
        if let Some(last) = words.last() {
            let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
            lines.push(Line { number, end: last.end, words });
        }
        start += line.len();
    }
    lines
}

fn words(line: &[u8], start: usize) -> Vec<Range<usize>> {
    let mut at = start;
    let mut words = Vec::new();
    for word in line.split(u8::is_ascii_whitespace) {
        if !word.is_empty() {
            words.push(at..at + word.len());
        }
        at += word.len() + 1;
    }
    words
}
