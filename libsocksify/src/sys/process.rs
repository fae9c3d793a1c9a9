//! What the process is and may do.

use std::ffi::{CStr, OsStr};
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr;
use std::time::Duration;

use libc::c_void;

use super::checked;
use crate::errno;

/// Whether any handler of the application's wants system calls to be interrupted; sigaction(2), SA_RESTART.
pub(crate) fn some_handler_interrupts() -> bool {
    (1..=64).any(|signal| {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: reads the disposition into a structure of the right size; all-zero bytes are one.
        let action = unsafe {
            libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
            action.assume_init()
        };
        let handled = ![libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction);
        handled && action.sa_flags & libc::SA_RESTART == 0
    })
}

/// How long the machine has been up; clock_gettime(2), CLOCK_BOOTTIME.
pub(crate) fn uptime() -> Duration {
    // SAFETY: an all-zero timespec is one, and is overwritten.
    let time = unsafe {
        let mut time: libc::timespec = mem::zeroed();
        libc::clock_gettime(libc::CLOCK_BOOTTIME, &mut time);
        time
    };
    Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0))
}

/// Some bytes nobody can guess, as a number; getrandom(2).
pub(crate) fn random() -> u16 {
    let mut bytes = [0; 2];
    // SAFETY: pointer and length of one array.
    unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    u16::from_ne_bytes(bytes)
}

/// Whether a file may be executed, as faccessat(2) has it with the effective ids; true where a sandbox does not let us
/// ask. The path is for the kernel to read.
pub(crate) fn may_execute(directory: RawFd, path: *const libc::c_char) -> bool {
    // SAFETY: the kernel checks the pointer.
    let refused = unsafe { libc::faccessat(directory, path, libc::X_OK, libc::AT_EACCESS) } != 0;
    !refused || [libc::EPERM, libc::ENOSYS, libc::EINVAL].contains(&errno::current())
}

/// Whether a program started now may read a file; access(2), which goes by the real ids and without the capabilities that
/// exec takes from all but root.
pub(crate) fn may_read(path: &CStr) -> io::Result<()> {
    // SAFETY: a string with its NUL.
    checked(unsafe { libc::access(path.as_ptr(), libc::R_OK) }).map(drop)
}

/// The file we were loaded from; dladdr(3).
pub(crate) fn our_file() -> Option<PathBuf> {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: an address of ours; where dladdr succeeds the name is a string that stays.
    let name = unsafe {
        let here = our_file as fn() -> Option<PathBuf> as *const c_void;
        if libc::dladdr(here, found.as_mut_ptr()) == 0 || found.assume_init_ref().dli_fname.is_null() {
            return None;
        }
        CStr::from_ptr(found.assume_init_ref().dli_fname)
    };
    std::path::absolute(OsStr::from_bytes(name.to_bytes())).ok()
}

/// The name of this host; gethostname(2).
pub(crate) fn host_name() -> Option<Vec<u8>> {
    let mut buffer = vec![0_u8; 256];
    // SAFETY: pointer and length of one vector.
    let result = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len()) };
    if result != 0 {
        return None;
    }
    buffer.truncate(buffer.iter().position(|byte| *byte == 0)?);
    Some(buffer)
}

/// Whether a process is alive; kill(2), signal 0.
pub(crate) fn is_alive(process: libc::pid_t) -> bool {
    // SAFETY: signal 0 only asks.
    unsafe { libc::kill(process, 0) == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM) }
}
