//! What the proxies of this test process have logged.

use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, Once};
use std::time::Duration;

use log::{LevelFilter, Log, Metadata, Record};

use crate::proxy::PATIENCE;

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static GROWN: Condvar = Condvar::new();

struct Journal;

/// Starts to keep what is logged.
pub(crate) fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Journal).unwrap();
        log::set_max_level(LevelFilter::Info);
    });
}

/// Waits for the last line about the application at this address, and gives what follows the address.
pub(crate) fn end_of(application: SocketAddr) -> String {
    let from = format!(" from {application} ");
    let is_last = |line: &str| !line.ends_with(": open") && !line.contains(": listening on ");
    let line = find(|line| line.contains(&from) && is_last(line));
    line[line.find(&from).unwrap() + from.len()..].to_owned()
}

/// Waits for a line.
pub(crate) fn find(wanted: impl Fn(&str) -> bool) -> String {
    let mut lines = LINES.lock().unwrap();
    let mut waited = Duration::ZERO;
    loop {
        if let Some(line) = lines.iter().find(|line| wanted(line)) {
            return line.clone();
        }
        assert!(waited < PATIENCE, "no such line in {lines:#?}");
        let step = Duration::from_millis(100);
        lines = GROWN.wait_timeout(lines, step).unwrap().0;
        waited += step;
    }
}

impl Log for Journal {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        LINES.lock().unwrap().push(record.args().to_string());
        GROWN.notify_all();
    }

    fn flush(&self) {}
}
