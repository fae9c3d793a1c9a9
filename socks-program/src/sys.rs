//! The system calls of an inspection: the only module with unsafe code. Nothing here allocates.

use crate::file::Place;
use crate::privilege::{Caller, Status};
use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// getuid(2), geteuid(2), getgid(2), getegid(2).
pub(crate) fn ids() -> Caller {
    // SAFETY: these calls have no arguments and cannot fail.
    unsafe {
        Caller {
            user: libc::getuid(),
            effective_user: libc::geteuid(),
            group: libc::getgid(),
            effective_group: libc::getegid(),
        }
    }
}

/// faccessat(2) with X_OK and the effective ids: may this process execute the file?
///
/// # Errors
/// As faccessat(2).
pub fn may_execute(path: &CStr) -> io::Result<()> {
    // SAFETY: a string with its NUL.
    checked(unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::X_OK, libc::AT_EACCESS) }).map(drop)
}

/// prctl(2) PR_GET_NO_NEW_PRIVS: programs gain no privileges by being executed.
pub(crate) fn no_new_privileges() -> bool {
    // SAFETY: this operation reads a flag; its other arguments must be zero, and are.
    unsafe { libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 }
}

/// fstatat(2).
pub(crate) fn status(place: Place<'_>) -> io::Result<Status> {
    let (directory, path, flags) = match place {
        Place::At(directory, path) => (directory, path, 0),
        Place::Descriptor(descriptor) => (descriptor, c"", libc::AT_EMPTY_PATH),
    };
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: a string with its NUL; fstatat fills the whole structure where it succeeds.
    let status = unsafe {
        checked(libc::fstatat(directory, path.as_ptr(), status.as_mut_ptr(), flags))?;
        status.assume_init()
    };
    Ok(Status { mode: status.st_mode, user: status.st_uid, group: status.st_gid })
}

/// openat(2) for reading; a descriptor, which may have been opened for other ends, through /proc.
pub(crate) fn open(place: Place<'_>) -> io::Result<OwnedFd> {
    let mut buffer = [0; 32];
    let (directory, path) = match place {
        Place::At(directory, path) => (directory, path),
        Place::Descriptor(descriptor) => (libc::AT_FDCWD, in_proc(&mut buffer, descriptor)?),
    };
    let flags = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY;
    // SAFETY: a string with its NUL; without O_CREAT there is no fourth argument. The descriptor is new, and ours.
    unsafe { Ok(OwnedFd::from_raw_fd(checked(libc::openat(directory, path.as_ptr(), flags))?)) }
}

fn in_proc(buffer: &mut [u8; 32], descriptor: libc::c_int) -> io::Result<&CStr> {
    use io::Write;
    let mut rest = &mut buffer[..];
    write!(rest, "/proc/self/fd/{descriptor}\0")?;
    CStr::from_bytes_until_nul(buffer).map_err(|_| io::ErrorKind::InvalidInput.into())
}

/// pread(2), as often as it takes to fill the buffer or come to the end.
pub(crate) fn read(file: &OwnedFd, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        // Nothing is stored where positions are negative.
        let Ok(at) = libc::off64_t::try_from(offset.saturating_add(done as u64)) else { break };
        // SAFETY: pointer and length of one slice.
        let got = unsafe { libc::pread64(file.as_raw_fd(), rest.as_mut_ptr().cast(), rest.len(), at) };
        match usize::try_from(got) {
            Ok(0) => break,
            Ok(got) => done += got,
            Err(_) => return Err(io::Error::last_os_error()),
        }
    }
    Ok(done)
}

/// fgetxattr(2): does the file carry capabilities? File systems without attributes answer no.
pub(crate) fn has_capabilities(file: &OwnedFd) -> bool {
    let name = c"security.capability";
    // SAFETY: a string with its NUL; a size of 0 asks for the length only, nothing is written.
    unsafe { libc::fgetxattr(file.as_raw_fd(), name.as_ptr(), std::ptr::null_mut(), 0) >= 0 }
}

/// fstatvfs(3), ST_NOSUID: privileges are not gained from this file system.
pub(crate) fn is_nosuid(file: &OwnedFd) -> bool {
    let mut answer = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: fstatvfs fills the whole structure where it succeeds.
    unsafe {
        libc::fstatvfs(file.as_raw_fd(), answer.as_mut_ptr()) == 0
            && answer.assume_init().f_flag & libc::ST_NOSUID != 0
    }
}
