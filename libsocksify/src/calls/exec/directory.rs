//! Where a child of posix_spawn(3) will be when it starts its program: file actions may change the directory first, and
//! a relative path then means another file. libc offers no way to read them, so they are read as they lie there.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use libc::{c_char, c_int, posix_spawn_file_actions_t};

/// `posix_spawn_file_actions_t` of glibc's spawn.h.
#[repr(C)]
struct Actions {
    room: c_int,
    count: c_int,
    actions: *const Action,
}

/// `struct __spawn_action`, the same since glibc 2.29, the first that can change the directory.
#[repr(C)]
#[derive(Clone, Copy)]
struct Action {
    kind: c_int,
    argument: Argument,
}

#[repr(C)]
#[derive(Clone, Copy)]
union Argument {
    path: *const c_char,
    fd: c_int,
    /// File, path, flags and mode of the largest action.
    room: [u64; 3],
}

const CHDIR: c_int = 3;
const FCHDIR: c_int = 4;

/// A directory to start from.
pub(super) enum Directory {
    /// That of this process.
    Ours,
    /// The application's descriptor.
    Theirs(RawFd),
    /// One opened for the look at the program.
    Opened(OwnedFd),
}

impl Directory {
    /// Follows the file actions.
    pub(super) fn after(actions: *const posix_spawn_file_actions_t) -> Directory {
        let mut directory = Directory::Ours;
        // SAFETY: null, or the application's initialised actions, which libc keeps in this form.
        let actions = unsafe {
            match actions.cast::<Actions>().as_ref() {
                Some(Actions { count: 1.., actions, .. }) if actions.is_null() => return directory,
                Some(Actions { count: count @ 1.., actions, .. }) => {
                    std::slice::from_raw_parts(*actions, *count as usize)
                }
                _ => return directory,
            }
        };
        for action in actions {
            // SAFETY: the kind says which member was written.
            unsafe {
                match action.kind {
                    CHDIR => directory = directory.below(CStr::from_ptr(action.argument.path)),
                    FCHDIR => directory = Directory::Theirs(action.argument.fd),
                    _ => {}
                }
            }
        }
        directory
    }

    /// A directory that cannot be opened ends the child before its program starts.
    fn below(self, path: &CStr) -> Directory {
        let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;
        // SAFETY: a string with its NUL; the descriptor is new, and ours.
        unsafe {
            match libc::openat(self.fd(), path.as_ptr(), flags) {
                fd @ 0.. => Directory::Opened(OwnedFd::from_raw_fd(fd)),
                _ => self,
            }
        }
    }

    pub(super) fn fd(&self) -> RawFd {
        match self {
            Directory::Ours => libc::AT_FDCWD,
            Directory::Theirs(fd) => *fd,
            Directory::Opened(fd) => fd.as_raw_fd(),
        }
    }
}
