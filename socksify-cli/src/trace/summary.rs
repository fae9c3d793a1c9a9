//! What all the connections of a run came to.

use super::line::{amount, time};
use super::record::Record;
use crate::printable::printable;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Totals, filled as events come in.
#[derive(Default)]
pub(super) struct Summary {
    rows: BTreeMap<Way, Totals>,
    /// Connections that stand, by the kernel's number for the socket.
    open: BTreeMap<u64, Way>,
    lookups: u64,
    lost: u64,
}

/// What is one row: target and way.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    target: String,
    via: String,
    kind: String,
}

#[derive(Default)]
struct Totals {
    attempts: u64,
    failed: u64,
    /// As far as the connections were seen to close.
    bytes: Option<(u64, u64)>,
    /// How many were granted by a proxy, and how long all of them took.
    granted: u64,
    took: f64,
}

impl Summary {
    /// Takes note of an event.
    pub(super) fn add(&mut self, record: &Record) {
        self.lost += record.number("lost").unwrap_or(0);
        match record.event() {
            "connection" => self.begin(record),
            "close" | "exit" => self.end(record),
            "lookup" => self.lookups += 1,
            _ => {}
        }
    }

    fn begin(&mut self, record: &Record) {
        let [target, via, kind] =
            [record.text("target"), record.via(), record.text("kind")].map(str::to_owned);
        let way = Way { target, via, kind };
        let totals = self.rows.entry(way.clone()).or_default();
        totals.attempts += 1;
        match record.text("outcome") {
            "open" => {
                totals.granted += 1;
                totals.took += record.took().unwrap_or(0.0);
                if let ("connect", Some(id)) = (record.text("kind"), record.number("id")) {
                    self.open.insert(id, way);
                }
            }
            "failed" | "refused" => totals.failed += 1,
            _ => {}
        }
    }

    /// One that is open at exit stays so.
    fn end(&mut self, record: &Record) {
        let id = record.number("id").unwrap_or_default();
        let way = if record.event() == "close" { self.open.remove(&id) } else { self.open.get(&id).cloned() };
        if let (Some(way), Some(up), Some(down)) = (way, record.number("up"), record.number("down")) {
            let bytes = self.rows.entry(way).or_default().bytes.get_or_insert((0, 0));
            *bytes = (bytes.0 + up, bytes.1 + down);
        }
    }

    /// The table, and what does not fit into it.
    pub(super) fn table(&self) -> String {
        let mut rows =
            vec![["TARGET", "VIA", "TIMES", "FAILED", "UP", "DOWN", "OPEN AFTER"].map(String::from)];
        rows.extend(self.rows.iter().map(|(way, totals)| totals.row(way)));
        let widths: [usize; 7] = std::array::from_fn(|column| {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
        });
        let mut text = String::new();
        for row in &rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
                let _ = if column < 2 {
                    write!(line, "{cell:<width$}  ")
                } else {
                    write!(line, "{cell:>width$}  ")
                };
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
        let connections: u64 = self.rows.values().map(|totals| totals.attempts).sum();
        let _ = writeln!(
            text,
            "{connections} in all; open at exit: {}; names looked up: {}; events lost: {}",
            self.open.len(),
            self.lookups,
            self.lost
        );
        text
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        let rows = self.rows.iter().map(|(way, totals)| {
            json!({
                "kind": way.kind, "target": way.target, "via": way.via,
                "times": totals.attempts, "failed": totals.failed,
                "up": totals.bytes.map(|bytes| bytes.0), "down": totals.bytes.map(|bytes| bytes.1),
                "open_after": totals.mean(),
            })
        });
        json!({
            "event": "summary", "rows": rows.collect::<Vec<_>>(), "open_at_exit": self.open.len(),
            "lookups": self.lookups, "lost": self.lost,
        })
    }
}

impl Totals {
    /// How long the proxies took to grant one, in seconds.
    fn mean(&self) -> Option<f64> {
        (self.granted > 0).then(|| self.took / self.granted as f64)
    }

    fn row(&self, way: &Way) -> [String; 7] {
        let what = match way.kind.as_str() {
            "connect" | "" => String::new(),
            kind => format!(" ({kind})"),
        };
        let bytes = |which: fn((u64, u64)) -> u64| {
            self.bytes.map_or_else(|| "-".to_owned(), |bytes| amount(which(bytes)))
        };
        [
            printable(&format!("{}{what}", way.target)),
            printable(&way.via),
            self.attempts.to_string(),
            self.failed.to_string(),
            bytes(|bytes| bytes.0),
            bytes(|bytes| bytes.1),
            self.mean().map_or_else(|| "-".to_owned(), time),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(lines: &[&str]) -> Summary {
        let mut summary = Summary::default();
        for line in lines {
            summary.add(&Record::read(line).unwrap());
        }
        summary
    }

    #[test]
    fn bytes_go_to_the_target_of_their_connection() {
        let summary = summary(&[
            r#"{"event":"lookup","target":"www.test","outcome":"stand-in"}"#,
            r#"{"event":"connection","id":7,"kind":"connect","target":"www.test:80","outcome":"open","proxy":"10.0.0.1:1080","tcp":0.001,"request":0.002}"#,
            r#"{"event":"connection","id":8,"kind":"connect","target":"www.test:80","outcome":"failed","proxy":"10.0.0.1:1080"}"#,
            r#"{"event":"connection","id":9,"kind":"connect","target":"10.0.0.9:22","outcome":"direct"}"#,
            r#"{"event":"close","id":7,"up":80,"down":2048,"lost":3}"#,
            r#"{"event":"close","id":99,"up":1,"down":1}"#,
        ]);
        let table = summary.table();
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["10.0.0.9:22", "direct", "1", "0", "-", "-", "-"]);
        assert_eq!(
            lines[2],
            ["www.test:80", "10.0.0.1:1080", "2", "1", "80", "B", "2.0", "KiB", "3.0", "ms"]
        );
        assert!(
            table.ends_with("3 in all; open at exit: 0; names looked up: 1; events lost: 3\n"),
            "{table}"
        );
        assert_eq!(summary.json()["rows"][1]["up"], 80);
    }

    #[test]
    fn what_is_not_closed_is_open() {
        let summary = summary(&[
            r#"{"event":"connection","id":7,"kind":"connect","target":"a:1","outcome":"open","proxy":"p:1"}"#,
            r#"{"event":"exit","id":7,"up":5,"down":6}"#,
            r#"{"event":"connection","id":8,"kind":"udp","target":"a:1","outcome":"open","proxy":"p:1"}"#,
        ]);
        assert_eq!(summary.json()["open_at_exit"], 1);
        assert_eq!(summary.json()["rows"][0]["down"], 6);
    }
}
