//! A value that may be one word or a list of words, each with its place. Numbers count as words.

use ::toml::Spanned;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use std::fmt;
use std::ops::Range;

/// The words and the place of the whole value.
pub(crate) struct Words {
    words: Vec<Spanned<String>>,
    span: Range<usize>,
}

impl Words {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.words.iter()
    }

    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    pub(crate) fn as_slice(&self) -> &[Spanned<String>] {
        &self.words
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Words, D::Error> {
        let value = Spanned::<OneOrMany>::deserialize(deserializer)?;
        let span = value.span();
        let words = match value.into_inner() {
            OneOrMany::One(word) => vec![Spanned::new(span.clone(), word)],
            OneOrMany::Many(words) => words.into_iter().map(plain).collect(),
        };
        Ok(Words { words, span })
    }
}

fn plain(word: Spanned<Word>) -> Spanned<String> {
    Spanned::new(word.span(), word.into_inner().0)
}

enum OneOrMany {
    One(String),
    Many(Vec<Spanned<Word>>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OneOrMany, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number, or a list of them")
    }

    fn visit_str<E>(self, word: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany::One(word.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<OneOrMany, E> {
        Ok(OneOrMany::One(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<OneOrMany, E> {
        Ok(OneOrMany::One(number.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
        let mut words = Vec::new();
        while let Some(word) = list.next_element()? {
            words.push(word);
        }
        Ok(OneOrMany::Many(words))
    }
}

struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
        deserializer.deserialize_any(WordVisitor)
    }
}

struct WordVisitor;

impl Visitor<'_> for WordVisitor {
    type Value = Word;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a number")
    }

    fn visit_str<E>(self, word: &str) -> Result<Word, E> {
        Ok(Word(word.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Word, E> {
        Ok(Word(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Word, E> {
        Ok(Word(number.to_string()))
    }
}
