//! The lines of the proxy of `--embedded`, beside those of the library.

use crate::args::Arguments;
use crate::error::Error;
use crate::message;
use log::{LevelFilter, Log, Metadata, Record};
use std::fs::File;
use std::io::{self, Write};

/// Where the lines go; standard error unless there is a file.
struct Lines(Option<File>);

/// Lets the proxy speak, if -v or --log asks for it.
pub(crate) fn start(arguments: &Arguments) -> Result<(), Error> {
    let level = match arguments.debug_level() {
        None => return Ok(()),
        Some(1) => LevelFilter::Info,
        Some(_) => LevelFilter::Debug,
    };
    let file = arguments.log.as_deref().map(message::open_log);
    // It fails only if there is a logger already, which then has the lines. A logger lives as long as the process.
    let _ = log::set_logger(Box::leak(Box::new(Lines(file.transpose()?))));
    log::set_max_level(level);
    Ok(())
}

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("socksd")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = format!("socksd: {}\n", record.args());
        let _ = match &self.0 {
            Some(file) => { file }.write_all(line.as_bytes()),
            None => io::stderr().write_all(line.as_bytes()),
        };
    }

    fn flush(&self) {}
}
