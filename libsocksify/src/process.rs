//! Which process are we? A vfork(2) child shares our memory: Python's subprocess closes every descriptor there, and
//! what we know of the parent's must survive that. A forked child has memory of its own.
//!
//! One page, wiped by the kernel in a forked child (MADV_WIPEONFORK), holds the process that owns this memory. Zero
//! means a new process, another process's number means we run on borrowed memory.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

static OWNER: AtomicPtr<AtomicI32> = AtomicPtr::new(ptr::null_mut());

/// The number of this process.
pub(crate) fn id() -> libc::pid_t {
    // SAFETY: getpid has no preconditions.
    unsafe { libc::getpid() }
}

/// The effective user.
pub(crate) fn user() -> libc::uid_t {
    // SAFETY: geteuid has no preconditions.
    unsafe { libc::geteuid() }
}

/// The file this process was started as, as execve(2) was given it: of a script the script (getauxval(3), AT_EXECFN).
pub(crate) fn started_as() -> Option<PathBuf> {
    // SAFETY: getauxval has no preconditions; the string it finds is on the stack as long as the process runs, and the
    // kernel ends that with zeroes.
    let file = unsafe {
        let file = libc::getauxval(libc::AT_EXECFN) as *const libc::c_char;
        (!file.is_null()).then(|| CStr::from_ptr(file))?
    };
    Some(PathBuf::from(OsStr::from_bytes(file.to_bytes())))
}

/// The file that runs (proc_pid_exe(5)), also where it has been replaced meanwhile; `None` where /proc is not mounted.
pub(crate) fn executable() -> Option<PathBuf> {
    let file = std::fs::read_link("/proc/self/exe").ok()?;
    match file.as_os_str().as_bytes().strip_suffix(b" (deleted)") {
        Some(replaced) => Some(PathBuf::from(OsStr::from_bytes(replaced))),
        None => Some(file),
    }
}

/// Maps the page; called from the constructor, while there is one thread.
pub(crate) fn claim() {
    const PAGE: usize = 4096;
    // SAFETY: a fresh private mapping, advised on as a whole; null is never returned for it.
    let page = unsafe {
        let page = libc::mmap(
            ptr::null_mut(),
            PAGE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if page == libc::MAP_FAILED || libc::madvise(page, PAGE, libc::MADV_WIPEONFORK) != 0 {
            return;
        }
        page.cast::<AtomicI32>()
    };
    OWNER.store(page, Ordering::Release);
    claim_again();
}

/// Makes this process the owner: right after fork(2), before a vfork(2) child can take the page for its own.
pub(crate) fn claim_again() {
    // SAFETY: null, or the page mapped by `claim`, which is never unmapped; getpid has no preconditions.
    unsafe {
        if let Some(owner) = OWNER.load(Ordering::Acquire).as_ref() {
            owner.store(libc::getpid(), Ordering::Relaxed);
        }
    }
}

/// The process whose memory we run on: this one, or the parent of a vfork(2) child.
pub(crate) fn of_memory() -> libc::pid_t {
    // SAFETY: null, or the page mapped by `claim`, which is never unmapped.
    let owner = unsafe { OWNER.load(Ordering::Acquire).as_ref() };
    owner.map(|owner| owner.load(Ordering::Relaxed)).filter(|owner| *owner != 0).unwrap_or_else(id)
}

/// Whether the memory we run on belongs to another process: then nothing in it may be changed.
pub(crate) fn runs_on_borrowed_memory() -> bool {
    // SAFETY: null, or the page mapped by `claim`, which is never unmapped.
    let Some(owner) = (unsafe { OWNER.load(Ordering::Acquire).as_ref() }) else { return false };
    // SAFETY: getpid has no preconditions.
    let us = unsafe { libc::getpid() };
    owner.compare_exchange(0, us, Ordering::Relaxed, Ordering::Relaxed).is_err_and(|other| other != us)
}
