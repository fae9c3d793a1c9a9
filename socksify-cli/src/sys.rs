//! System calls that std does not offer: the only module with unsafe code.

use std::ffi::{CStr, CString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The user and group ids of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ids {
    /// Real user id.
    pub(crate) user: u32,
    /// Effective user id.
    pub(crate) effective_user: u32,
    /// Real group id.
    pub(crate) group: u32,
    /// Effective group id.
    pub(crate) effective_group: u32,
}

/// getuid(2), geteuid(2), getgid(2), getegid(2).
pub(crate) fn ids() -> Ids {
    // SAFETY: these calls have no arguments and cannot fail.
    unsafe {
        Ids {
            user: libc::getuid(),
            effective_user: libc::geteuid(),
            group: libc::getgid(),
            effective_group: libc::getegid(),
        }
    }
}

/// faccessat(2) with X_OK and the effective ids: may this process execute the file?
pub(crate) fn may_execute(path: &Path) -> io::Result<()> {
    let path = c_path(path)?;
    // SAFETY: `path` is a NUL-terminated string that outlives the call.
    check(unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::X_OK, libc::AT_EACCESS) })
}

/// getxattr(2): does the file carry the extended attribute? File systems without attributes answer no.
pub(crate) fn has_attribute(path: &Path, attribute: &CStr) -> bool {
    let Ok(path) = c_path(path) else { return false };
    // SAFETY: both strings are NUL-terminated; a size of 0 asks for the length only, nothing is written.
    unsafe { libc::getxattr(path.as_ptr(), attribute.as_ptr(), std::ptr::null_mut(), 0) >= 0 }
}

/// statvfs(3): the mount flags (`ST_NOEXEC`, `ST_NOSUID`) of the file system that holds the file.
pub(crate) fn mount_flags(path: &Path) -> io::Result<libc::c_ulong> {
    let path = c_path(path)?;
    // SAFETY: statvfs is plain data for which all zeroes is a value.
    let mut answer: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: `path` is NUL-terminated and `answer` is a writable statvfs.
    check(unsafe { libc::statvfs(path.as_ptr(), &mut answer) })?;
    Ok(answer.f_flag)
}

/// prctl(2) PR_GET_NO_NEW_PRIVS: programs gain no privileges by being executed.
pub(crate) fn no_new_privileges() -> bool {
    // SAFETY: this operation reads a flag; its other arguments must be zero, and are.
    unsafe { libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 }
}

fn c_path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
