//! A configuration as TOML with comments, whatever it was read from.
//!
//! What comes out decides every call as the original does, or nothing comes out: where the original's order cannot be
//! written as a list in which the first match counts, that is the answer.

mod options;
mod order;
mod proxies;
mod route;

use crate::{Config, Source};
use proxies::Names;
use std::fmt;

/// Why a configuration cannot be written as TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unconvertible {
    /// The route of this line compares the port of the program's socket, for which TOML has no word.
    FromPorts(u32),
    /// Below the block route of this line are routes that are asked before some above it.
    BlockInBetween(u32),
}

impl fmt::Display for Unconvertible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unconvertible::FromPorts(line) => {
                write!(f, "line {line}: a port behind `from` cannot be written in TOML")
            }
            Unconvertible::BlockInBetween(line) => write!(
                f,
                "line {line}: routes below this block are asked before others above it, which TOML, where the first match counts, cannot say; sort the routes by protocol"
            ),
        }
    }
}

impl std::error::Error for Unconvertible {}

impl Config {
    /// This configuration as TOML, with comments that say what was read and what was not.
    pub fn to_toml(&self) -> Result<String, Unconvertible> {
        let steps = self.steps()?;
        let names = Names::of(self, &steps);
        let mut text = self.heading();
        text += &self.options();
        text += &names.tables(self);
        for step in &steps {
            text += &self.route_tables(step, &names)?;
        }
        Ok(text)
    }

    fn heading(&self) -> String {
        let source = match &self.source {
            Source::File(file) => file.display().to_string(),
            Source::Environment(variable) => format!("${variable}"),
        };
        let mut text = format!("# What {} says; see socks.conf(5).\n", comment(&source));
        let names = self.proxies.iter().any(|proxy| proxy.password.is_some());
        if names {
            text += "# It holds a password: no other user should be able to read it.\n";
        }
        for warning in &self.warnings {
            let place = match warning.location.line {
                0 => String::new(),
                line => format!("line {line}: "),
            };
            text += &format!("# {place}{}\n", comment(&warning.caution.to_string()));
        }
        text
    }
}

/// Text that stays within its comment.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A TOML string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted += &format!("\\u{:04X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// One string, or a list of them.
fn one_or_list(words: &[String]) -> String {
    match words {
        [word] => word.clone(),
        _ => format!("[{}]", words.join(", ")),
    }
}
