//! Copies of descriptors, made by dup(2) and its relatives before a socket was connected. The kernel does not say which
//! descriptors stand for the same socket, and looking at all of them would make a connect as slow as the process is
//! large: the last few copies made are looked at.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use crate::sys;

static RECENT: [AtomicI32; 64] = [const { AtomicI32::new(-1) }; 64];
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Takes note of both ends of a dup(2).
pub(crate) fn note(original: RawFd, copy: RawFd) {
    for fd in [original, copy] {
        if !RECENT.iter().any(|recent| recent.load(Ordering::Relaxed) == fd) {
            let place = NEXT.fetch_add(1, Ordering::Relaxed) % RECENT.len();
            RECENT[place].store(fd, Ordering::Relaxed);
        }
    }
}

/// Whether a descriptor is one end of a recent dup(2).
pub(crate) fn is_noted(fd: RawFd) -> bool {
    RECENT.iter().any(|recent| recent.load(Ordering::Relaxed) == fd)
}

/// Other descriptors for the socket with this cookie.
pub(crate) fn of(fd: RawFd, cookie: u64) -> Vec<RawFd> {
    if !is_noted(fd) {
        return Vec::new();
    }
    let recent = RECENT.iter().map(|recent| recent.load(Ordering::Relaxed)).filter(|other| *other >= 0);
    recent.filter(|other| *other != fd && sys::cookie(*other).is_ok_and(|theirs| theirs == cookie)).collect()
}
