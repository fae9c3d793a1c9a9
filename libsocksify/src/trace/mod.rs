//! Telling whoever started us what becomes of each connection, as it happens (`socksify --trace`): a line of JSON for
//! each event, to the FIFO that `SOCKSIFY_TRACE` names. It is opened for each line, since a descriptor of ours would not
//! survive programs that close all of them, and never waited for: what finds no room is counted, and the next line says so.
//!
//! Where nobody has asked for it, all this costs one relaxed load.

mod connections;
mod decisions;
mod dialogue;
mod phases;
mod record;

use std::fs::OpenOptions;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

use once_cell::race::OnceBox;

use crate::{environment, process, sys};

pub(crate) use connections::{at_exit, closing, opened};
pub(crate) use decisions::{datagram, lookup, stream};
pub(crate) use dialogue::{Dialogue, Kind, dialogue};
pub(crate) use phases::{Phase, Phases};
pub(crate) use record::Record;

static ON: AtomicBool = AtomicBool::new(false);
static FIFO: OnceBox<PathBuf> = OnceBox::new();

/// Records lost since the last that was not, and the process that lost them.
static LOST: AtomicU64 = AtomicU64::new(0);
static LOSER: AtomicI32 = AtomicI32::new(0);

/// Looks whether anybody wants to know, when the process begins.
pub(crate) fn begin() {
    if let Some(fifo) = environment::variable("SOCKSIFY_TRACE").filter(|fifo| !fifo.is_empty()) {
        let _ = FIFO.set(Box::new(fifo.into()));
        ON.store(true, Ordering::Relaxed);
    }
}

/// Whether anybody wants to know.
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Sends a record, and says in it how many were lost before.
fn send(mut record: Record) {
    let us = process::id();
    if LOSER.swap(us, Ordering::Relaxed) != us {
        LOST.store(0, Ordering::Relaxed);
    }
    let lost = LOST.swap(0, Ordering::Relaxed);
    if lost > 0 {
        record.number("lost", lost);
    }
    if record.finish().is_none_or(|line| !write(line)) {
        LOST.fetch_add(lost + 1, Ordering::Relaxed);
    }
}

fn write(line: &[u8]) -> bool {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let fifo = FIFO.get().map(|fifo| OpenOptions::new().append(true).custom_flags(flags).open(fifo));
    fifo.is_some_and(|fifo| fifo.is_ok_and(|fifo| sys::write_once(fifo.as_raw_fd(), line)))
}
