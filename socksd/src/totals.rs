//! What has happened since the start, as counters that only grow.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    accepted: AtomicU64,
    opened: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
}

impl Totals {
    /// A connection was taken in.
    pub(crate) fn accepted(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    /// A request was granted.
    pub(crate) fn opened(&self) {
        self.opened.fetch_add(1, Relaxed);
    }

    /// A request was refused.
    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// A connection came to no request.
    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Relaxed);
    }

    /// A connection that ended had carried so many bytes.
    pub(crate) fn carried(&self, up: u64, down: u64) {
        self.up.fetch_add(up, Relaxed);
        self.down.fetch_add(down, Relaxed);
    }

    /// Every counter: its name, what it counts, and its value.
    pub(crate) fn each(&self) -> [(&'static str, &'static str, u64); 6] {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        [
            ("connections_accepted", "Connections taken in.", of(&self.accepted)),
            ("handshakes_failed", "Connections that came to no request.", of(&self.failed)),
            ("requests_opened", "Requests that were granted.", of(&self.opened)),
            ("requests_refused", "Requests that were refused.", of(&self.refused)),
            ("bytes_up", "Bytes from applications, of connections that have ended.", of(&self.up)),
            ("bytes_down", "Bytes to applications, of connections that have ended.", of(&self.down)),
        ]
    }
}
