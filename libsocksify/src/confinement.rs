//! Has the program confined itself (seccomp(2))? A sandbox kills whoever makes a call that it does not expect, so what it cannot
//! expect of the program, to look at descriptors that come with a message, is left undone in one.

use std::sync::atomic::{AtomicBool, Ordering};

static CONFINED: AtomicBool = AtomicBool::new(false);

/// A filter for system calls is about to be installed. Children have it, too, and so they have what is noted here.
pub(crate) fn begin() {
    CONFINED.store(true, Ordering::Relaxed);
}

/// Whether this process, or the one it was forked from, has installed one.
pub(crate) fn is_in_force() -> bool {
    CONFINED.load(Ordering::Relaxed)
}
