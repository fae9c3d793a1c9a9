//! Going on behind a mistake in the shape of a file, of which serde tells the first only: what is wrong is taken out, and
//! the rest read again.

use super::complaint;
use crate::Diagnostic;
use crate::problem::Problem;
use crate::similar::similar;
use crate::text::Text;
use crate::veil::password_start;
use ::toml::de::{DeArray, DeTable, DeValue, Deserializer, Error};
use serde::de::DeserializeOwned;
use std::ops::Range;

/// More than anybody corrects in one go.
const ENOUGH: usize = 20;

/// Reads the tables of a whole file: what could be read, if anything, and the mistakes in the rest.
pub(crate) fn deserialize<T: DeserializeOwned>(text: &Text<'_>) -> (Option<T>, Vec<Diagnostic>) {
    let source = match std::str::from_utf8(text.bytes) {
        Ok(source) => source,
        Err(error) => {
            let at = error.valid_up_to();
            let encoding = Problem::Encoding("TOML has to be UTF-8");
            return (None, vec![diagnostic(text, at..at + 1, encoding)]);
        }
    };
    // Behind a mistake in the syntax it is anybody's guess what is meant.
    let mut root = match DeTable::parse(source) {
        Ok(root) => root,
        Err(error) => return (None, vec![mistake(text, &error)]),
    };
    let mut mistakes = Vec::new();
    let mut removed = Vec::new();
    while mistakes.len() < ENOUGH {
        let error = match T::deserialize(Deserializer::from(root.clone())) {
            Ok(file) => return (Some(file), mistakes),
            Err(error) => error,
        };
        let span = error.span().unwrap_or(0..0);
        if !removed.iter().any(|entry: &Removed| entry.is_missed_by(&error)) {
            mistakes.push(mistake(text, &error));
        }
        let whole = root.span();
        match remove_from_table(root.get_mut(), &whole, &span) {
            Some(entry) => removed.push(entry),
            None => break,
        }
    }
    (None, mistakes)
}

fn mistake(text: &Text<'_>, error: &Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    // "invalid type" and "invalid value" quote the value.
    let quotes_value = error.message().starts_with("invalid ");
    let problem = if quotes_value && password_start(text.line_at(span.start)).is_some() {
        Problem::Credentials("expected a string")
    } else {
        complaint(error.message())
    };
    diagnostic(text, span, problem)
}

fn diagnostic(text: &Text<'_>, range: Range<usize>, problem: Problem) -> Diagnostic {
    Diagnostic { location: text.locate(range), problem }
}

/// An entry that was taken out: the place of its table, and its key.
struct Removed {
    table: Range<usize>,
    key: String,
}

impl Removed {
    /// Whether the error only says that the entry is not there any more, or would not if its key were spelt right.
    fn is_missed_by(&self, error: &Error) -> bool {
        let missing = error.message().strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        let is_meant = |key| self.key == key || similar(&self.key, [key]).is_some();
        error.span().as_ref() == Some(&self.table) && missing.is_some_and(is_meant)
    }
}

/// Takes the entry out that `span` is about: its key, its value or part of that; of nested ones the innermost.
fn remove_from_table(table: &mut DeTable<'_>, own: &Range<usize>, span: &Range<usize>) -> Option<Removed> {
    let nested = table.iter_mut().find_map(|(_, value)| {
        let own = value.span();
        remove_from_value(value.get_mut(), &own, span)
    });
    if nested.is_some() {
        return nested;
    }
    let is_meant = |place: Range<usize>| place.start <= span.start && span.end <= place.end;
    let key = table.iter().find(|(key, value)| key.span() == *span || is_meant(value.span()));
    let key = key.map(|(key, _)| key.clone())?;
    table.remove(&key);
    Some(Removed { table: own.clone(), key: key.into_inner().into_owned() })
}

fn remove_from_value(value: &mut DeValue<'_>, own: &Range<usize>, span: &Range<usize>) -> Option<Removed> {
    match value {
        DeValue::Table(table) => remove_from_table(table, own, span),
        DeValue::Array(array) => remove_from_array(array, own, span),
        _ => None,
    }
}

/// A list of words goes as a whole, of a list of tables the one that is meant.
fn remove_from_array(array: &mut DeArray<'_>, own: &Range<usize>, span: &Range<usize>) -> Option<Removed> {
    let nested = array.iter_mut().find_map(|element| {
        let own = element.span();
        remove_from_value(element.get_mut(), &own, span)
    });
    if nested.is_some() {
        return nested;
    }
    let index = array.iter().position(|element| element.get_ref().is_table() && element.span() == *span)?;
    let elements = std::mem::replace(array, DeArray::new()).into_iter().enumerate();
    *array = elements.filter(|(other, _)| *other != index).map(|(_, element)| element).collect();
    Some(Removed { table: own.clone(), key: String::new() })
}
