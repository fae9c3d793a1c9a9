//! Numbers as in C: decimal, `0x` hexadecimal, and octal behind a leading zero.

use super::Result;
use super::cursor::Class;
use super::parser::{Model, Parser};
use crate::caution::Caution;
use crate::problem::Problem;
use std::ops::Range;

impl<M: Model> Parser<'_, M> {
    /// The number that comes next; `what` says in a message what it is for.
    pub(crate) fn number(&mut self, what: &'static str, limit: u32) -> Result<u32> {
        self.cursor.skip_space();
        let word = self.cursor.word(Class::Plain);
        if word.is_empty() {
            let found = self.found();
            return self.fail(self.cursor.lexeme(), Problem::NotANumber { what, found });
        }
        self.number_in(word, what, limit)
    }

    /// The number that `word` is.
    pub(crate) fn number_in(&mut self, word: Range<usize>, what: &'static str, limit: u32) -> Result<u32> {
        let text = self.str(&word);
        let Some(value) = parse(&text) else {
            return self.fail(word, Problem::NotANumber { what, found: format!("`{text}`") });
        };
        match u32::try_from(value) {
            Ok(value) if value <= limit => {
                if value > 7 && is_octal(&text) {
                    self.warn(word, Caution::Octal { word: text.into_owned(), value });
                }
                Ok(value)
            }
            _ => self.fail(word, Problem::NumberTooLarge { what, limit }),
        }
    }
}

fn is_octal(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The value of `text`; one too large for the type is its largest.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if is_octal(text) => (text, 8),
        None => (text, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    Some(u64::from_str_radix(digits, radix).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_in_c() {
        assert_eq!(parse("80"), Some(80));
        assert_eq!(parse("0x50"), Some(80));
        assert_eq!(parse("010"), Some(8));
        assert_eq!(parse("0"), Some(0));
        assert_eq!(parse("99999999999999999999999"), Some(u64::MAX));
        for wrong in ["", "0x", "08", "-1", "1.5", "http", "+1"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
