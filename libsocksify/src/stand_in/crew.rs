//! Threads of ours that wait for name servers: as many as are needed, up to a number.

use std::thread;

use crate::interpose::as_our_own;
use crate::lock::Lock;
use crate::process;

const MOST: u32 = 64;

const STACK: usize = 256 * 1024;

/// How many there are, in which process: none of them lives on in a forked child.
static RUNNING: Lock<(libc::pid_t, u32)> = Lock::new((0, 0));

/// Runs `work` on a thread of its own; false where there are too many, or none can be had.
pub(super) fn engage(work: impl FnOnce() + Send + 'static) -> bool {
    if !change(|count| if count < MOST { Some(count + 1) } else { None }) {
        return false;
    }
    // The thread inherits the mask of the hook that starts it: all signals blocked.
    let started = thread::Builder::new().stack_size(STACK).spawn(move || {
        as_our_own(work);
        as_our_own(leave);
    });
    if started.is_err() {
        leave();
    }
    started.is_ok()
}

fn leave() {
    change(|count| count.checked_sub(1));
}

fn change(how: impl FnOnce(u32) -> Option<u32>) -> bool {
    let us = process::id();
    RUNNING.with(|(owner, count)| {
        if std::mem::replace(owner, us) != us {
            *count = 0;
        }
        let changed = how(*count);
        *count = changed.unwrap_or(*count);
        changed.is_some()
    })
}
