//! What decides which proxies a connection goes through, where that changes from one to the next.

use std::sync::atomic::{AtomicU32, Ordering};

use socks_conf::Mode;

use crate::sys;

static TURNS: AtomicU32 = AtomicU32::new(0);

/// A number by chance, or how many connections there were before this one.
pub(crate) fn draw(mode: Mode) -> u64 {
    match mode {
        Mode::FailOver | Mode::Strict | Mode::Dynamic => 0,
        Mode::Random => (0..4).fold(0, |number, _| number << 16 | u64::from(sys::random())),
        Mode::RoundRobin => TURNS.fetch_add(1, Ordering::Relaxed).into(),
    }
}
