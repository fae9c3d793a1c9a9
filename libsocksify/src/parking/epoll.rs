//! The epoll entries of sockets: noted as they are made, taken out while a dialogue goes on, put back at its end.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{c_int, epoll_event};

use super::copies;
use crate::hooks::real;
use crate::interpose::Verdict;
use crate::{descriptors, errno, sys};

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
static SETS: [AtomicI32; 64] = [const { AtomicI32::new(-1) }; 64];

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
    let free =
        |set: &AtomicI32| set.compare_exchange(-1, epoll, Ordering::Relaxed, Ordering::Relaxed).is_ok();
    if !SETS.iter().any(free) {
        SETS[epoll as usize % SETS.len()].store(epoll, Ordering::Relaxed);
    }
}

/// Takes the entries of a descriptor's socket out of the kernel's hands.
pub(crate) fn take_out(fd: RawFd) -> Vec<Entry> {
    let mut entries: Vec<Entry> = descriptors::noted_entries(fd).into_iter().flatten().collect();
    // A socket that has copies may be in a set under another number.
    let under_any_number = copies::is_noted(fd);
    for set in &SETS {
        let epoll = set.load(Ordering::Relaxed);
        let is_noted = entries.iter().any(|entry| entry.epoll == epoll);
        if epoll >= 0 && (under_any_number || (!is_noted && sys::is_in_epoll_set(epoll, fd) != Some(false))) {
            entries.retain(|entry| entry.epoll != epoll);
            entries.extend(from_kernel(epoll, fd));
        }
    }
    // A one-shot entry may have been spent since it was noted: the kernel knows.
    for entry in entries.iter_mut().filter(|entry| entry.events & libc::EPOLLONESHOT as u32 != 0) {
        if let Some(current) = from_kernel(entry.epoll, fd).into_iter().find(|current| current.fd == entry.fd)
        {
            *entry = current;
        }
    }
    entries.retain(|entry| {
        at_its_number(entry.fd, fd, || control(entry.epoll, libc::EPOLL_CTL_DEL, entry.fd, None) == 0)
    });
    entries
}

/// Puts entries back: the kernel then reports what is ready now, to edge-triggered entries as well. `socket` is any
/// descriptor of the socket.
pub(crate) fn put_back(entries: &[Entry], socket: RawFd) {
    for entry in entries {
        let event = epoll_event { events: entry.events, u64: entry.data };
        descriptors::note_entry(entry.epoll, entry.fd, Some(*entry));
        at_its_number(entry.fd, socket, || {
            control(entry.epoll, libc::EPOLL_CTL_ADD, entry.fd, Some(event)) == 0
        });
    }
}

/// An entry outlives the descriptor it was made with, as long as the socket has another; to change it, the old number
/// has to stand for the socket again, for a moment.
fn at_its_number(number: RawFd, socket: RawFd, body: impl FnOnce() -> bool) -> bool {
    if sys::cookie(number).is_ok() || !sys::copy_at(socket, number) {
        return body();
    }
    let done = body();
    sys::close(number);
    done
}

/// epoll_ctl(2) on entries that are not in the kernel's hands, with the kernel's own errors. `quiet` is a descriptor that
/// is never ready.
pub(crate) fn edit(
    entries: &mut Vec<Entry>,
    epoll: RawFd,
    operation: c_int,
    fd: RawFd,
    event: Option<epoll_event>,
    quiet: RawFd,
) -> Verdict<c_int> {
    see(epoll);
    let present = entries.iter_mut().find(|entry| (entry.epoll, entry.fd) == (epoll, fd));
    match (operation, event, present) {
        (libc::EPOLL_CTL_ADD, Some(_), Some(_)) => Verdict::Fail(libc::EEXIST),
        (libc::EPOLL_CTL_ADD, Some(event), None) => {
            // The kernel judges the set and the flags on something that shows no event.
            let flags = event.events & !READINESS;
            if control(epoll, libc::EPOLL_CTL_ADD, quiet, Some(epoll_event { events: flags, u64: 0 })) != 0 {
                return Verdict::Fail(errno::current());
            }
            control(epoll, libc::EPOLL_CTL_DEL, quiet, None);
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

/// What an entry asks for, as opposed to how: the low bits; epoll_ctl(2).
const READINESS: u32 = 0xffff;

/// A socket's entries, under whatever number, as the kernel shows them in /proc; proc(5), fdinfo.
fn from_kernel(epoll: RawFd, fd: RawFd) -> Vec<Entry> {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{epoll}")).unwrap_or_default();
    let Some((_, inode)) = sys::identity(fd) else { return Vec::new() };
    let ours =
        text.lines().filter_map(|line| parse(line, epoll)).filter(|(_, of)| of.is_none_or(|of| of == inode));
    // Where the kernel does not show inodes (before Linux 5.3), the number has to do.
    ours.filter(|(entry, of)| of.is_some() || entry.fd == fd).map(|(entry, _)| entry).collect()
}

/// `tfd: 5 events: 1d data: 5 pos:0 ino:3c sdev:8`: all but the first number in hexadecimal.
fn parse(line: &str, epoll: RawFd) -> Option<(Entry, Option<u64>)> {
    let mut words = line.strip_prefix("tfd:")?.split_whitespace();
    let fd = words.next()?.parse().ok()?;
    let events = words.nth(1).and_then(|word| u32::from_str_radix(word, 16).ok())?;
    let data = words.nth(1).and_then(|word| u64::from_str_radix(word, 16).ok())?;
    let inode = words.find_map(|word| u64::from_str_radix(word.strip_prefix("ino:")?, 16).ok());
    Some((Entry { epoll, fd, events, data }, inode))
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
        assert_eq!(parse(line, 3), Some((entry, Some(0x3c))));
        assert_eq!(parse("pos:\t0", 3), None);
    }
}
