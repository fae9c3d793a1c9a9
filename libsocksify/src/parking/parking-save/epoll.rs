//! The epoll entries of sockets: noted as they are made, taken out while a dialogue goes on, put back at its end.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{c_int, epoll_event};

use crate::hooks::real;
use crate::interpose::Verdict;
use crate::{descriptors, errno};

/// One entry of one epoll set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) epoll: RawFd,
    pub(crate) fd: RawFd,
    pub(crate) events: u32,
    pub(crate) data: u64,
}

/// The epoll sets of this process as far as calls on them went through us. More than these find their entries by
/// their notes alone.
static SETS: [AtomicI32; 16] = [const { AtomicI32::new(-1) }; 16];

/// Takes note of a successful epoll_ctl(2), on the pass-through path: a few stores.
pub(crate) fn note(epoll: RawFd, operation: c_int, fd: RawFd, event: *const epoll_event) {
    see(epoll);
    // SAFETY: the kernel has just read the application's event from there.
    let event = if operation == libc::EPOLL_CTL_DEL { None } else { unsafe { event.as_ref() } };
    let noted = event.map(|event| Entry { epoll, fd, events: event.events, data: event.u64 });
    descriptors::note_entry(epoll, fd, noted);
}

fn see(epoll: RawFd) {
    let known = |set: &AtomicI32| set.load(Ordering::Relaxed) == epoll;
    if SETS.iter().any(known) {
        return;
    }
    let free = |set: &AtomicI32| set.compare_exchange(-1, epoll, Ordering::Relaxed, Ordering::Relaxed).is_ok();
    if !SETS.iter().any(free) {
        SETS[epoll as usize % SETS.len()].store(epoll, Ordering::Relaxed);
    }
}

/// Takes the entries of a descriptor out of the kernel's hands.
pub(crate) fn take_out(fd: RawFd) -> Vec<Entry> {
    let mut entries: Vec<Entry> = descriptors::noted_entries(fd).into_iter().flatten().collect();
    for set in &SETS {
        let epoll = set.load(Ordering::Relaxed);
        if epoll >= 0 && !entries.iter().any(|entry| entry.epoll == epoll) && is_registered(set, epoll, fd) {
            entries.extend(from_kernel(epoll, fd));
        }
    }
    // A note may be out of date, and a one-shot entry may have been spent: the kernel knows.
    for entry in entries.iter_mut().filter(|entry| entry.events & libc::EPOLLONESHOT as u32 != 0) {
        if let Some(current) = from_kernel(entry.epoll, fd) {
            *entry = current;
        }
    }
    entries.retain(|entry| control(entry.epoll, libc::EPOLL_CTL_DEL, entry.fd, None) == 0);
    entries
}

/// Puts entries back: the kernel then reports what is ready now, to edge-triggered entries as well.
pub(crate) fn put_back(entries: &[Entry]) {
    for entry in entries {
        let event = epoll_event { events: entry.events, u64: entry.data };
        control(entry.epoll, libc::EPOLL_CTL_ADD, entry.fd, Some(event));
    }
}

/// epoll_ctl(2) on entries that are not in the kernel's hands, with the kernel's own errors.
pub(crate) fn edit(
    entries: &mut Vec<Entry>, epoll: RawFd, operation: c_int, fd: RawFd, event: Option<epoll_event>,
) -> Verdict<c_int> {
    see(epoll);
    let present = entries.iter_mut().find(|entry| (entry.epoll, entry.fd) == (epoll, fd));
    match (operation, event, present) {
        (libc::EPOLL_CTL_ADD, Some(_), Some(_)) => Verdict::Fail(libc::EEXIST),
        (libc::EPOLL_CTL_ADD, Some(event), None) => {
            // The kernel checks everything about it, and gives it up again.
            if control(epoll, libc::EPOLL_CTL_ADD, fd, Some(epoll_event { events: event.events, u64: 0 })) != 0 {
                return Verdict::Fail(errno::current());
            }
            control(epoll, libc::EPOLL_CTL_DEL, fd, None);
            entries.push(Entry { epoll, fd, events: event.events, data: event.u64 });
            Verdict::Done(0)
        }
        (libc::EPOLL_CTL_MOD, Some(event), Some(entry)) => {
            (entry.events, entry.data) = (event.events, event.u64);
            Verdict::Done(0)
        }
        (libc::EPOLL_CTL_DEL, _, Some(_)) => {
            entries.retain(|entry| (entry.epoll, entry.fd) != (epoll, fd));
            Verdict::Done(0)
        }
        _ => Verdict::Direct,
    }
}

/// Whether a set has an entry for the descriptor, by asking it to add one that reports nothing.
fn is_registered(set: &AtomicI32, epoll: RawFd, fd: RawFd) -> bool {
    if control(epoll, libc::EPOLL_CTL_ADD, fd, Some(epoll_event { events: 0, u64: 0 })) == 0 {
        control(epoll, libc::EPOLL_CTL_DEL, fd, None);
        return false;
    }
    match errno::current() {
        libc::EEXIST => true,
        // The set itself is closed, or no set any more.
        _ => {
            let _ = set.compare_exchange(epoll, -1, Ordering::Relaxed, Ordering::Relaxed);
            false
        }
    }
}

/// An entry as the kernel shows it in /proc; proc(5), fdinfo.
fn from_kernel(epoll: RawFd, fd: RawFd) -> Option<Entry> {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{epoll}")).ok()?;
    text.lines().find_map(|line| parse(line, epoll).filter(|entry| entry.fd == fd))
}

/// `tfd: 5 events: 1d data: 5 pos:0 ino:… sdev:…`, events and data in hexadecimal.
fn parse(line: &str, epoll: RawFd) -> Option<Entry> {
    let mut words = line.strip_prefix("tfd:")?.split_whitespace();
    let fd = words.next()?.parse().ok()?;
    let events = words.nth(1).and_then(|word| u32::from_str_radix(word, 16).ok())?;
    let data = words.nth(1).and_then(|word| u64::from_str_radix(word, 16).ok())?;
    Some(Entry { epoll, fd, events, data })
}

fn control(epoll: RawFd, operation: c_int, fd: RawFd, event: Option<epoll_event>) -> c_int {
    let mut event = event;
    let pointer = event.as_mut().map_or(std::ptr::null_mut(), std::ptr::from_mut);
    // SAFETY: null or one event, which outlives the call.
    unsafe { real::epoll_ctl(epoll, operation, fd, pointer) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_own_account() {
        let line = "tfd:        5 events:       1d data:  deadbeef00000005  pos:0 ino:3c sdev:8";
        let entry = Entry { epoll: 3, fd: 5, events: 0x1d, data: 0xdead_beef_0000_0005 };
        assert_eq!(parse(line, 3), Some(entry));
        assert_eq!(parse("pos:\t0", 3), None);
    }
}
