//! Where the log goes: standard error or output, files, syslog; one line and one write for each record.

use std::fs::{File, OpenOptions};
use std::io::{self, Write, stderr, stdout};
use std::os::unix::net::UnixDatagram;
use std::sync::{PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use log::{Level, LevelFilter, Log, Metadata, Record, warn};
use socks_conf::LogTarget;

/// Where syslog listens.
const SYSLOG: &str = "/dev/log";

struct Journal {
    sinks: RwLock<Sinks>,
}

#[derive(Default)]
struct Sinks {
    /// Empty is standard error.
    all: Vec<Sink>,
    /// In addition, for warnings and errors.
    errors: Vec<Sink>,
}

enum Sink {
    Stderr,
    Stdout,
    File(File),
    Syslog(UnixDatagram, u8),
}

static JOURNAL: Journal = Journal { sinks: RwLock::new(Sinks { all: Vec::new(), errors: Vec::new() }) };

/// Sends the records of `socksd` up to `level` to standard error.
pub(crate) fn log_to_stderr(level: LevelFilter) {
    // An error means that a logger exists, and this is the first.
    if log::set_logger(&JOURNAL).is_ok() {
        log::set_max_level(level);
    }
}

/// Sends the records to these places instead, and warnings and errors to those as well. A place that cannot be opened
/// is a warning, as in Dante: a proxy that does not start is worse.
pub(crate) fn log_to(all: &[LogTarget], errors: &[LogTarget]) {
    let sinks = Sinks { all: open(all), errors: open(errors) };
    *JOURNAL.sinks.write().unwrap_or_else(PoisonError::into_inner) = sinks;
}

fn open(targets: &[LogTarget]) -> Vec<Sink> {
    let open = |target| {
        Sink::open(target).inspect_err(|error| warn!("cannot log to {}: {error}", name(target))).ok()
    };
    targets.iter().filter_map(open).collect()
}

fn name(target: &LogTarget) -> String {
    match target {
        LogTarget::File(path) => path.display().to_string(),
        _ => SYSLOG.to_owned(),
    }
}

impl Sink {
    fn open(target: &LogTarget) -> io::Result<Sink> {
        match target {
            LogTarget::Stderr => Ok(Sink::Stderr),
            LogTarget::Stdout => Ok(Sink::Stdout),
            LogTarget::File(path) => OpenOptions::new().append(true).create(true).open(path).map(Sink::File),
            LogTarget::Syslog(facility) => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(SYSLOG)?;
                Ok(Sink::Syslog(socket, facility_code(facility.as_deref().unwrap_or("daemon"))))
            }
        }
    }

    /// Nobody is left to tell of a failure.
    fn write(&self, level: Level, text: &str) {
        let _ = match self {
            Sink::Stderr => stderr().write_all(console_line(level, text).as_bytes()),
            Sink::Stdout => stdout().write_all(console_line(level, text).as_bytes()),
            Sink::File(file) => {
                let line = format!("{} socksd: {text}\n", timestamp(SystemTime::now()));
                Write::write_all(&mut &*file, line.as_bytes())
            }
            Sink::Syslog(socket, facility) => {
                let priority = facility * 8 + severity(level);
                let line = format!("<{priority}>socksd[{}]: {text}", std::process::id());
                socket.send(line.as_bytes()).map(drop)
            }
        };
    }
}

impl Log for Journal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("socksd")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let (level, text) = (record.level(), record.args().to_string());
        let sinks = self.sinks.read().unwrap_or_else(PoisonError::into_inner);
        if sinks.all.is_empty() {
            Sink::Stderr.write(level, &text);
        }
        sinks.all.iter().for_each(|sink| sink.write(level, &text));
        if level <= Level::Warn {
            sinks.errors.iter().for_each(|sink| sink.write(level, &text));
        }
    }

    fn flush(&self) {}
}

/// Under systemd the journal takes the severity from the beginning of the line (sd-daemon(3)), and knows the name.
fn console_line(level: Level, text: &str) -> String {
    match std::env::var_os("JOURNAL_STREAM") {
        Some(_) => text.lines().map(|line| format!("<{}>{line}\n", severity(level))).collect(),
        None => format!("socksd: {text}\n"),
    }
}

/// As syslog(3) counts.
fn severity(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

fn facility_code(name: &str) -> u8 {
    match name {
        "auth" => 4,
        "authpriv" => 10,
        "daemon" => 3,
        _ => match name.strip_prefix("local").and_then(|number| number.parse::<u8>().ok()) {
            Some(number @ 0..=7) => 16 + number,
            _ => 1,
        },
    }
}

/// `2026-11-21T01:02:03Z`.
fn timestamp(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (year, month, day) = date(seconds / 86400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The date so many days after 1970-01-01, counted in years that begin in March, so that leap days come last.
fn date(days: u64) -> (u64, u64, u64) {
    const FROM_YEAR_0: u64 = 719_468;
    const ERA: u64 = 146_097;
    let days = days + FROM_YEAR_0;
    let (era, day_of_era) = (days / ERA, days % ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        let at = |seconds| timestamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_767_225_599), "2025-12-31T23:59:59Z");
        assert_eq!(at(1_795_222_923), "2026-11-21T01:02:03Z");
    }

    #[test]
    fn facilities_are_those_of_syslog() {
        assert_eq!((facility_code("daemon"), facility_code("local7"), facility_code("user")), (3, 23, 1));
    }
}
