//! The system calls that std has no safe form of.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::ops;
use std::os::fd::AsRawFd;

/// `uid_t geteuid(void)` — the user whose files we may trust.
pub(crate) fn effective_user() -> u32 {
    // SAFETY: the call has no arguments and cannot fail.
    unsafe { libc::geteuid() }
}

/// `long sysconf(_SC_PAGESIZE)` — the unit in which memory comes.
pub(crate) fn page_size() -> usize {
    // SAFETY: the call only reads its argument.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096).max(1)
}

/// `int fallocate(int fd, int mode, off_t offset, off_t len)` — gives bytes of a file their room on the file system.
pub(crate) fn allocate(file: &File, bytes: ops::Range<usize>) -> io::Result<()> {
    let (start, length) = (bytes.start as libc::off_t, bytes.len() as libc::off_t);
    // SAFETY: the call takes numbers only.
    match unsafe { libc::fallocate(file.as_raw_fd(), 0, start, length) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// `int getrlimit(int resource, struct rlimit *rlim)` — how long a file may become before SIGXFSZ.
pub(crate) fn file_size_limit() -> libc::rlim_t {
    let mut limit = MaybeUninit::<libc::rlimit>::uninit();
    // SAFETY: the call writes one rlimit.
    match unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, limit.as_mut_ptr()) } {
        // SAFETY: on success the limit is written.
        0 => unsafe { limit.assume_init() }.rlim_cur,
        _ => libc::RLIM_INFINITY,
    }
}

/// `ssize_t getrandom(void *buf, size_t buflen, unsigned int flags)` — a number nobody can guess, `None` where the
/// kernel has none to give.
pub(crate) fn random() -> Option<u64> {
    let mut bytes = [0; 8];
    // SAFETY: the call writes at most the eight bytes.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    (got == 8).then(|| u64::from_ne_bytes(bytes))
}
