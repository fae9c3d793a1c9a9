//! The backend of the `log` facade inside somebody else's process: one write(2) a line from a fixed buffer, never
//! on standard output unless asked for, no descriptor kept, and silence where the application has closed or
//! replaced standard error.

use std::fmt::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use log::{Level, LevelFilter, Log, Metadata, Record};
use once_cell::race::OnceBox;
use socks_conf::{Config, LogTarget};

use crate::{process, sys};

static LOGGER: Logger = Logger { targets: OnceBox::new() };

/// Standard error as it was when the process began: device and inode.
static STDERR: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

struct Logger {
    targets: OnceBox<Targets>,
}

struct Targets {
    all: Vec<LogTarget>,
    errors: Vec<LogTarget>,
}

/// Takes the place of the facade's backend; until a configuration is read only warnings and errors are shown.
pub(crate) fn begin() {
    if let Some((device, inode)) = sys::identity(libc::STDERR_FILENO) {
        STDERR[0].store(device, Ordering::Relaxed);
        STDERR[1].store(inode, Ordering::Relaxed);
    }
    let _ = log::set_logger(&LOGGER);
    log::set_max_level(LevelFilter::Warn);
    std::panic::set_hook(Box::new(|panic| log::error!("bug: {panic}")));
}

/// Follows `debug`, `logoutput` and `errorlog`.
pub(crate) fn follow(config: &Config) {
    log::set_max_level(match config.debug {
        0 => LevelFilter::Warn,
        1 => LevelFilter::Info,
        2 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    });
    let all = if config.logoutput.is_empty() { vec![LogTarget::Stderr] } else { config.logoutput.clone() };
    let _ = LOGGER.targets.set(Box::new(Targets { all, errors: config.errorlog.clone() }));
}

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut line = Line::new();
        let pid = process::id();
        let _ = write!(
            line,
            "socksify[{pid}] {}: {}",
            record.level().as_str().to_ascii_lowercase(),
            record.args()
        );
        let line = line.finish();
        let Some(targets) = self.targets.get() else { return to_stderr(line) };
        targets.all.iter().for_each(|target| write_to(target, record.level(), line));
        if record.level() <= Level::Error {
            targets.errors.iter().for_each(|target| write_to(target, record.level(), line));
        }
    }

    fn flush(&self) {}
}

fn write_to(target: &LogTarget, level: Level, line: &[u8]) {
    match target {
        LogTarget::Stderr => to_stderr(line),
        LogTarget::Stdout => drop(sys::write_once(libc::STDOUT_FILENO, line)),
        LogTarget::File(file) => to_file(file, line),
        LogTarget::Syslog(facility) => to_syslog(facility.as_deref(), level, line),
    }
}

fn to_stderr(line: &[u8]) {
    let then = (STDERR[0].load(Ordering::Relaxed), STDERR[1].load(Ordering::Relaxed));
    if sys::identity(libc::STDERR_FILENO) == Some(then) {
        sys::write_once(libc::STDERR_FILENO, line);
    }
}

/// Opened for each line: a descriptor of ours would not survive programs that close all of them.
fn to_file(file: &Path, line: &[u8]) {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let file = options
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(file);
    let _ = file.and_then(|mut file| file.write_all(line));
}

/// A datagram to the local logger as syslog(3) sends it, without touching the application's openlog(3).
fn to_syslog(facility: Option<&str>, level: Level, line: &[u8]) {
    let severity = match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    };
    let mut message = Line::new();
    let _ = write!(message, "<{}>{}", facility_code(facility) << 3 | severity, String::from_utf8_lossy(line));
    if let Ok(socket) = std::os::unix::net::UnixDatagram::unbound() {
        let _ = socket.set_nonblocking(true);
        let _ = socket.send_to(message.finish(), "/dev/log");
    }
}

/// The numbers of syslog.h; `daemon` where none is named, as Dante has it.
fn facility_code(facility: Option<&str>) -> u8 {
    match facility {
        Some("user") => 1,
        Some("auth") => 4,
        Some("authpriv") => 10,
        Some(local) => local
            .strip_prefix("local")
            .and_then(|digit| digit.parse::<u8>().ok())
            .map_or(3, |n| 16 + n.min(7)),
        None => 3,
    }
}

/// A line of bounded length, cut off where it is longer; control characters cannot break it.
struct Line {
    bytes: [u8; 1024],
    length: usize,
}

impl Line {
    fn new() -> Line {
        Line { bytes: [0; 1024], length: 0 }
    }

    fn finish(&mut self) -> &[u8] {
        self.bytes[self.length] = b'\n';
        &self.bytes[..=self.length]
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes().map(|byte| if byte == b'\n' { b' ' } else { byte }) {
            if self.length == self.bytes.len() - 1 {
                break;
            }
            self.bytes[self.length] = byte;
            self.length += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line() {
        let mut line = Line::new();
        write!(line, "first\nsecond").unwrap();
        assert_eq!(line.finish(), b"first second\n");
    }

    #[test]
    fn a_long_line_is_cut() {
        let mut line = Line::new();
        write!(line, "{}", "x".repeat(5000)).unwrap();
        assert_eq!(line.finish().len(), 1024);
    }
}
