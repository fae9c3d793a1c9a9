//! Descriptors, and their flags.

use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::RawFd;
use std::ptr;

use libc::c_int;

use super::checked;
use super::connection::is_ready;
use super::options::cookie;
use crate::hooks::real;

pub(super) fn status_flags(fd: RawFd) -> io::Result<c_int> {
    // SAFETY: F_GETFL takes no argument.
    checked(unsafe { real::fcntl(fd, libc::F_GETFL, 0) })
}

pub(super) fn set_status_flags(fd: RawFd, flags: c_int) -> io::Result<()> {
    let flags = usize::try_from(flags).unwrap_or(0);
    // SAFETY: F_SETFL takes an integer.
    checked(unsafe { real::fcntl(fd, libc::F_SETFL, flags) }).map(drop)
}

/// Whether the application chose not to block.
pub(crate) fn is_nonblocking(fd: RawFd) -> bool {
    status_flags(fd).is_ok_and(|flags| flags & libc::O_NONBLOCK != 0)
}

/// Chooses whether calls on a socket block.
pub(crate) fn set_nonblocking(fd: RawFd, value: bool) {
    if let Ok(flags) = status_flags(fd) {
        let others = flags & !libc::O_NONBLOCK;
        let _ = set_status_flags(fd, if value { others | libc::O_NONBLOCK } else { others });
    }
}

/// FD_CLOEXEC.
pub(crate) fn closes_on_exec(fd: RawFd) -> bool {
    // SAFETY: F_GETFD takes no argument.
    unsafe { real::fcntl(fd, libc::F_GETFD, 0) & libc::FD_CLOEXEC != 0 }
}

/// Changes FD_CLOEXEC.
pub(crate) fn set_close_on_exec(fd: RawFd, value: bool) {
    let flag = if value { libc::FD_CLOEXEC } else { 0 };
    // SAFETY: F_SETFD takes an integer.
    unsafe { real::fcntl(fd, libc::F_SETFD, flag as usize) };
}

/// The descriptors below `end` that are open, by few system calls; poll(2).
pub(crate) fn open_descriptors(end: RawFd, mut body: impl FnMut(RawFd)) {
    const MANY: RawFd = 128;
    for first in (0..end).step_by(MANY as usize) {
        let mut entries = [libc::pollfd { fd: -1, events: 0, revents: 0 }; MANY as usize];
        entries.iter_mut().zip(first..).for_each(|(entry, fd)| entry.fd = fd);
        // SAFETY: as many entries as there are.
        if unsafe { real::poll(entries.as_mut_ptr(), MANY as libc::nfds_t, 0) } < 0 {
            return;
        }
        entries.iter().filter(|entry| entry.revents & libc::POLLNVAL == 0).for_each(|entry| body(entry.fd));
    }
}

/// Where descriptors of ours begin, if the limit allows: programs count on low numbers, and close them.
const OUT_OF_THE_WAY: usize = 700;

/// A copy of a descriptor for ourselves; `None` where there is no room for one.
pub(crate) fn duplicate_out_of_the_way(fd: RawFd) -> Option<RawFd> {
    // SAFETY: F_DUPFD_CLOEXEC takes an integer.
    let copy = |lowest| checked(unsafe { real::fcntl(fd, libc::F_DUPFD_CLOEXEC, lowest) }).ok();
    copy(OUT_OF_THE_WAY).or_else(|| copy(3))
}

/// A fresh epoll set.
pub(crate) fn epoll() -> Option<RawFd> {
    // SAFETY: no pointers.
    moved(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })
}

/// Takes a fresh descriptor out of the way.
pub(crate) fn moved(fd: RawFd) -> Option<RawFd> {
    let fd = checked(fd).ok()?;
    let copy = duplicate_out_of_the_way(fd);
    close(fd);
    copy
}

/// Closes a descriptor of ours.
pub(crate) fn close(fd: RawFd) {
    // SAFETY: nobody else uses it.
    unsafe { real::close(fd) };
}

/// Other descriptors of this process for the same socket; proc(5).
pub(crate) fn copies_of(fd: RawFd) -> Vec<RawFd> {
    let Ok(ours) = cookie(fd) else { return Vec::new() };
    let Ok(all) = std::fs::read_dir("/proc/self/fd") else { return Vec::new() };
    let numbers = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter(|other| *other != fd && cookie(*other).is_ok_and(|cookie| cookie == ours)).collect()
}

/// Puts `new` behind the descriptor `old`, with the flags and the owner that one has; dup3(2), fcntl(2).
pub(crate) fn take_place(new: RawFd, old: RawFd) -> bool {
    // SAFETY: fcntl and dup3 take integers here.
    unsafe {
        let closes_on_exec = real::fcntl(old, libc::F_GETFD, 0) & libc::FD_CLOEXEC != 0;
        let owner = real::fcntl(old, libc::F_GETOWN, 0);
        let kept = status_flags(old).is_ok_and(|flags| set_status_flags(new, flags).is_ok());
        if owner != 0 {
            real::fcntl(new, libc::F_SETOWN, owner as usize);
        }
        kept && real::dup3(new, old, if closes_on_exec { libc::O_CLOEXEC } else { 0 }) == old
    }
}

/// Whether an epoll set has an entry for this descriptor; kcmp(2), KCMP_EPOLL_TFD. `None` where the kernel does not say.
pub(crate) fn is_in_epoll_set(set: RawFd, fd: RawFd) -> Option<bool> {
    const KCMP_EPOLL_TFD: c_int = 7;
    /// `struct kcmp_epoll_slot` of `<linux/kcmp.h>`.
    #[repr(C)]
    struct Slot {
        set: u32,
        descriptor: u32,
        offset: u32,
    }
    let (set, descriptor) = (u32::try_from(set).ok()?, u32::try_from(fd).ok()?);
    let us = crate::process::id();
    // Entries of one number are counted by `offset`: that of a closed descriptor stays as long as another one has its file.
    for offset in 0.. {
        let slot = Slot { set, descriptor, offset };
        // SAFETY: one structure, read only.
        let result = unsafe { libc::syscall(libc::SYS_kcmp, us, us, KCMP_EPOLL_TFD, fd, &raw const slot) };
        match (result, io::Error::last_os_error().raw_os_error()) {
            (0, _) => return Some(true),
            (1.., _) => {}
            (_, Some(libc::ENOENT)) => return Some(false),
            _ => return None,
        }
    }
    None
}

/// How far the kernel's table of this process's descriptors reaches; proc(5), FDSize.
pub(crate) fn descriptor_table_size() -> c_int {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("FDSize:"));
    line.and_then(|size| size.trim().parse().ok()).unwrap_or(0)
}

/// Puts a copy of a descriptor at exactly this number, if that is free.
pub(crate) fn copy_at(fd: RawFd, number: RawFd) -> bool {
    let Ok(lowest) = usize::try_from(number) else { return false };
    // SAFETY: F_DUPFD_CLOEXEC takes an integer.
    match checked(unsafe { real::fcntl(fd, libc::F_DUPFD_CLOEXEC, lowest) }) {
        Ok(copy) if copy == number => true,
        Ok(copy) => {
            close(copy);
            false
        }
        Err(_) => false,
    }
}

/// The file behind a descriptor, by device and inode; fstat(2).
pub(crate) fn identity(fd: RawFd) -> Option<(u64, u64)> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: fstat fills the whole structure where it succeeds.
    unsafe { (libc::fstat(fd, status.as_mut_ptr()) == 0).then(|| status.assume_init()) }
        .map(|status| (status.st_dev, status.st_ino))
}

/// One write(2), if there is room now; whether everything was written. Signals are blocked: a pipe nobody reads raises SIGPIPE, which is ours to take
/// back, unless the application had one coming.
pub(crate) fn write_once(fd: RawFd, bytes: &[u8]) -> bool {
    if !is_ready(fd, libc::POLLOUT) {
        return false;
    }
    let had_one = is_pending(libc::SIGPIPE);
    // SAFETY: pointer and length of one slice.
    let written = unsafe { real::write(fd, bytes.as_ptr().cast(), bytes.len()) };
    if !had_one && is_pending(libc::SIGPIPE) {
        // SAFETY: an all-zero set is the empty one; nothing is waited for.
        unsafe {
            let mut pipe: libc::sigset_t = mem::zeroed();
            libc::sigaddset(&mut pipe, libc::SIGPIPE);
            let at_once: libc::timespec = mem::zeroed();
            libc::sigtimedwait(&pipe, ptr::null_mut(), &at_once);
        }
    }
    usize::try_from(written) == Ok(bytes.len())
}

fn is_pending(signal: c_int) -> bool {
    // SAFETY: an all-zero set is the empty one.
    unsafe {
        let mut pending: libc::sigset_t = mem::zeroed();
        libc::sigpending(&mut pending);
        libc::sigismember(&pending, signal) == 1
    }
}
