//! What the library tells of one event: a line of JSON.

use serde_json::{Map, Value};

/// One event.
pub(super) struct Record(Map<String, Value>);

impl Record {
    /// Reads a line; `None` where it is not one of ours.
    pub(super) fn read(line: &str) -> Option<Record> {
        match serde_json::from_str(line) {
            Ok(Value::Object(members)) if members.contains_key("event") => Some(Record(members)),
            _ => None,
        }
    }

    /// A text; empty where there is none.
    pub(super) fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// A whole number.
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.0.get(key).and_then(Value::as_u64)
    }

    /// A time in seconds.
    pub(super) fn seconds(&self, key: &str) -> Option<f64> {
        self.0.get(key).and_then(Value::as_f64)
    }

    /// What happened.
    pub(super) fn event(&self) -> &str {
        self.text("event")
    }

    /// Which way it went, or was to go: through a proxy, directly, or nowhere.
    pub(super) fn via(&self) -> &str {
        match (self.text("proxy"), self.text("outcome")) {
            ("", outcome) => outcome,
            (proxy, _) => proxy,
        }
    }

    /// How long it took until the outcome was known, in seconds.
    pub(super) fn took(&self) -> Option<f64> {
        let spent: Vec<f64> = PHASES.iter().filter_map(|phase| self.seconds(phase)).collect();
        (!spent.is_empty()).then(|| spent.iter().sum())
    }
}

/// The parts of the dialogue with a proxy.
pub(super) const PHASES: [&str; 4] = ["tcp", "method", "authentication", "request"];
