//! Dante's `socks.conf`.
//!
//! The reading is more lenient than Dante's where that cannot change the meaning: line ends do not matter
//! inside a route, the keys of a route and the options of the file may come in any order, a list ends where
//! the next keyword begins, CRLF is a line end, and dotted masks work as they did before version 1.2. What
//! Dante accepts and then reads as something its author cannot have meant is refused: `port: 80`,
//! `via: 10.0.0.11:1080`, `via: Direct`.

mod address;
mod cursor;
mod draft;
mod gateway;
mod number;
mod option;
mod parser;
mod port;
mod recovery;
mod route;

pub(crate) use address::{dotted_prefix, is_mapped, literal, misleading, named_place};
pub(crate) use cursor::Class;
pub(crate) use parser::{Model, Parser};

use crate::text::Text;
use crate::{Config, Diagnostic};

pub(crate) type Result<T> = std::result::Result<T, Box<Diagnostic>>;

/// Reads a whole file; every mistake in it is an error, as far as one is not the consequence of another.
pub(crate) fn read(text: &Text<'_>, config: &mut Config) -> std::result::Result<(), Vec<Diagnostic>> {
    let mut parser = Parser::new(text, config);
    parser.read_file();
    parser.mistakes.verdict()
}

/// Reads the inside of one route block, as the variables `SOCKS_ROUTE_n` hold it.
pub(crate) fn read_route(text: &Text<'_>, line: u32, config: &mut Config) -> Result<()> {
    let mut parser = Parser::new(text, config);
    parser.read_bare_route(line)?;
    parser.mistakes.first()
}
