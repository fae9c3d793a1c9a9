//! An event as a line for people.

use super::record::{PHASES, Record};
use crate::printable::printable;
use std::fmt::Write;

/// The line, without its end; `began` is when the trace did, in seconds since 1970.
pub(super) fn line(record: &Record, began: f64) -> String {
    let since = (record.seconds("time").unwrap_or(began) - began).max(0.0);
    let pid = record.number("pid").unwrap_or(0);
    let program = record.text("program");
    printable(&format!("{since:9.3} {program}[{pid}] {}", what(record)))
}

fn what(record: &Record) -> String {
    let target = record.text("target");
    match record.event() {
        "lookup" => lookup(record),
        "call" => format!("{target}: {}", answer(record, "called by")),
        "close" => format!("{target}: closed after {}{}", lasted(record), bytes(record)),
        "exit" => format!("{target}: open at exit, after {}{}", lasted(record), bytes(record)),
        _ => connection(record, target),
    }
}

fn lookup(record: &Record) -> String {
    let (name, outcome, address) = (record.text("target"), record.text("outcome"), record.text("address"));
    match outcome {
        "stand-in" => format!("look-up of {name}: {address} stands for it"),
        "asked" => format!("look-up of {name}: asked for through the proxy"),
        "direct" => format!("look-up of {name}: resolved here, as its route is direct"),
        "local" => format!("look-up of {name}: known here"),
        "refused" => format!("look-up of {name}: refused, without a usable configuration"),
        "nonexistent" => format!("look-up of {name}: no such name"),
        other => format!("look-up of {name}: {other}"),
    }
}

fn connection(record: &Record, target: &str) -> String {
    let mut text = String::from(match record.text("kind") {
        "udp" => "datagrams to ",
        "bind" => "bind for ",
        "resolve" => "question about ",
        "query" => "name server ",
        _ => "",
    });
    text += target;
    if !record.text("proxy").is_empty() {
        let _ = write!(text, " via {}", record.text("proxy"));
    }
    if !record.text("protocol").is_empty() {
        let _ = write!(text, " ({})", record.text("protocol"));
    }
    if let Some(line) = record.number("route") {
        let _ = write!(text, " by line {line}");
    }
    let _ = write!(text, ": {}", answer(record, "at"));
    let spent = PHASES.iter().filter_map(|phase| Some(format!("{phase} {}", time(record.seconds(phase)?))));
    let spent: Vec<String> = spent.collect();
    if !spent.is_empty() {
        let _ = write!(text, "; {}", spent.join(", "));
    }
    text
}

/// The outcome, with the address that came with it, or errno and reason.
fn answer(record: &Record, preposition: &str) -> String {
    let mut text = record.text("outcome").to_owned();
    if !record.text("address").is_empty() {
        let _ = write!(text, " {preposition} {}", record.text("address"));
    }
    if !record.text("errno").is_empty() {
        let _ = write!(text, ", {}", record.text("errno"));
    }
    if !record.text("reason").is_empty() {
        let _ = write!(text, ", {}", record.text("reason"));
    }
    text
}

fn lasted(record: &Record) -> String {
    time(record.seconds("lasted").unwrap_or(0.0))
}

fn bytes(record: &Record) -> String {
    match (record.number("up"), record.number("down")) {
        (Some(up), Some(down)) => format!("; {} up, {} down", amount(up), amount(down)),
        _ => String::new(),
    }
}

/// A time in the unit that suits it.
pub(super) fn time(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1000.0) } else { format!("{seconds:.2} s") }
}

/// An amount of bytes in the unit that suits it.
pub(super) fn amount(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while value >= 1024.0
        && let Some(next) = units.next()
    {
        (value, unit) = (value / 1024.0, Some(next));
    }
    format!("{value:.1} {}", unit.unwrap_or(&""))
}
