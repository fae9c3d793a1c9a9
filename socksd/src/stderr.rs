//! The log on standard error: one line and one write for each record.

use std::io::{Write, stderr};

use log::{LevelFilter, Log, Metadata, Record};

struct Stderr;

/// Sends the records of `socksd` up to `level` to standard error.
pub(crate) fn log_to_stderr(level: LevelFilter) {
    // An error means that a logger exists, and this is the first.
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(level);
    }
}

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("socksd")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("socksd: {}\n", record.args());
            // Nobody is left to tell.
            let _ = stderr().write_all(line.as_bytes());
        }
    }

    fn flush(&self) {}
}
