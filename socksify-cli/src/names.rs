//! The table of fake addresses for this run, one for the command and all its children; and what tables hold.

use crate::args::Arguments;
use crate::environment::{Environment, NAMES};
use crate::error::Error;
use crate::printable::printable;
use crate::{exit, message};
use socks_names::{Range, Table, directory};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Names a table that nobody else uses. The library creates it when the first name is asked for.
pub(crate) fn prepare(environment: &mut Environment) -> Result<(), socks_names::Error> {
    let directory = directory::per_user(&|name| environment.variable(name))?;
    directory::sweep(&directory);
    environment.set(NAMES, directory::per_run_table(&directory));
    Ok(())
}

/// `--names`: prints the table of the run we are part of, else all of this user's.
pub(crate) fn print(arguments: &Arguments, environment: &Environment) -> Result<u8, Error> {
    let tables = match environment.variable(NAMES) {
        Some(file) => vec![read(&PathBuf::from(file))?],
        None => all(environment)?,
    };
    let text = if arguments.json { as_json(&tables) } else { as_text(&tables) };
    message::print(text.as_bytes())?;
    Ok(exit::SUCCESS)
}

/// One table, empty where no name was asked for yet.
struct Contents {
    file: PathBuf,
    range: Range,
    names: Vec<(u32, String)>,
}

fn all(environment: &Environment) -> Result<Vec<Contents>, Error> {
    let directory = directory::per_user(&|name| environment.variable(name));
    let directory = directory.map_err(|error| Error::Names("names".into(), error))?;
    let tables = directory::tables(&directory).into_iter().filter_map(|file| {
        read(&file).inspect_err(|error| message::warn(error)).ok().filter(|table| !table.names.is_empty())
    });
    Ok(tables.collect())
}

fn read(file: &Path) -> Result<Contents, Error> {
    let contents = |range, names| Contents { file: file.to_owned(), range, names };
    match Table::existing(file) {
        Ok(table) => {
            let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
            Ok(contents(*table.range(), table.iter().map(|(index, name)| (index, text(name))).collect()))
        }
        Err(socks_names::Error::Open(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(contents(Range::default(), Vec::new()))
        }
        Err(error) => Err(Error::Names(file.to_owned(), error)),
    }
}

/// Address, IPv6 twin and name, a line each; several tables each with its file above.
fn as_text(tables: &[Contents]) -> String {
    let mut text = String::new();
    for (place, Contents { file, range, names }) in tables.iter().enumerate() {
        if tables.len() > 1 {
            let separator = if place == 0 { "" } else { "\n" };
            let _ = writeln!(text, "{separator}{}:", file.display());
        }
        for (index, name) in names {
            let (v4, v6) = (range.v4(*index).to_string(), range.v6(*index).to_string());
            let _ = writeln!(text, "{v4:<15}  {v6:<28}  {}", printable(name));
        }
    }
    text
}

fn as_json(tables: &[Contents]) -> String {
    let entries = tables.iter().flat_map(|Contents { file, range, names }| {
        names.iter().map(move |(index, name)| {
            format!(
                "  {{\"address\": \"{}\", \"address6\": \"{}\", \"name\": {}, \"table\": {}}}",
                range.v4(*index),
                range.v6(*index),
                json(name),
                json(&file.to_string_lossy())
            )
        })
    });
    let entries: Vec<_> = entries.collect();
    if entries.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", entries.join(",\n")) }
}

/// A string of JSON (RFC 8259, section 7).
fn json(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(file: &str) -> Contents {
        let names = vec![(1, "www.example.org".into()), (300, "b\u{fc}\"\\\u{1b}".into())];
        Contents { file: file.into(), range: Range::default(), names }
    }

    #[test]
    fn one_table_is_its_lines() {
        let expected = "198.18.0.1       fd00:736f:636b:7369::1        www.example.org\n\
                        198.18.1.44      fd00:736f:636b:7369::12c      b\u{fc}\"\\\\u{1b}\n";
        assert_eq!(as_text(&[table("/t")]), expected);
        assert_eq!(as_text(&[]), "");
    }

    #[test]
    fn several_tables_are_told_apart() {
        let text = as_text(&[table("/one"), table("/two")]);
        assert!(text.starts_with("/one:\n198.18.0.1 ") && text.contains("\n\n/two:\n198.18.0.1 "), "{text}");
    }

    #[test]
    fn json_is_quoted() {
        assert_eq!(json("b\u{fc}\"\\\u{1b}\n"), "\"b\u{fc}\\\"\\\\\\u001b\\u000a\"");
        assert_eq!(as_json(&[]), "[]\n");
        let line = "  {\"address\": \"198.18.0.1\", \"address6\": \"fd00:736f:636b:7369::1\", \
                    \"name\": \"www.example.org\", \"table\": \"/t\"},";
        assert!(as_json(&[table("/t")]).lines().any(|found| found == line));
    }
}
