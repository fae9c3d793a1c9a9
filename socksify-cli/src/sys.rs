//! System calls that std does not offer: the only module with unsafe code.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus};

/// statvfs(3): the mount flags (`ST_NOEXEC`, `ST_NOSUID`) of the file system that holds the file.
pub(crate) fn mount_flags(path: &Path) -> io::Result<libc::c_ulong> {
    let path = c_path(path)?;
    // SAFETY: statvfs is plain data for which all zeroes is a value.
    let mut answer: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: `path` is NUL-terminated and `answer` is a writable statvfs.
    check(unsafe { libc::statvfs(path.as_ptr(), &mut answer) })?;
    Ok(answer.f_flag)
}

/// getrlimit(2): how many files a process may have open.
pub(crate) fn open_files_limit() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a writable rlimit.
    check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) })?;
    Ok(limit.rlim_cur)
}

/// geteuid(2): who runs this.
pub(crate) fn user() -> libc::uid_t {
    // SAFETY: geteuid has no preconditions.
    unsafe { libc::geteuid() }
}

/// mkfifo(3), for ourselves alone.
pub(crate) fn make_fifo(path: &Path) -> io::Result<()> {
    let path = c_path(path)?;
    // SAFETY: `path` is NUL-terminated.
    check(unsafe { libc::mkfifo(path.as_ptr(), 0o600) })
}

/// fcntl(2) with F_SETPIPE_SZ: as much room as every user may ask for. Where there is less, that has to do.
pub(crate) fn widen_pipe(pipe: &File) {
    const MOST: libc::c_int = 1 << 20;
    // SAFETY: no pointers are involved.
    unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, MOST) };
}

fn c_path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// getrandom(2): fills the bytes with secrets.
pub(crate) fn fill_random(bytes: &mut [u8]) -> io::Result<()> {
    // SAFETY: the pointer and the length are those of one writable slice.
    let filled = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    match usize::try_from(filled) {
        Ok(filled) if filled == bytes.len() => Ok(()),
        Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// Signals that are held back from every thread started later, to be waited for one by one.
pub(crate) struct HeldSignals {
    held: libc::sigset_t,
    before: libc::sigset_t,
}

/// A signal that arrived, and the process that sent it; the kernel itself sends those of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// The signal.
    pub(crate) signal: libc::c_int,
    /// The sender.
    pub(crate) sender: Option<libc::pid_t>,
}

impl HeldSignals {
    /// Holds the signals back (pthread_sigmask(3)).
    pub(crate) fn hold(signals: &[libc::c_int]) -> io::Result<HeldSignals> {
        // SAFETY: sigset_t is plain data that sigemptyset initialises before anything reads it; the signal numbers are
        // checked by sigaddset; all pointers are to locals.
        unsafe {
            let (mut held, mut before): (libc::sigset_t, libc::sigset_t) =
                (std::mem::zeroed(), std::mem::zeroed());
            check(libc::sigemptyset(&mut held))?;
            for signal in signals {
                check(libc::sigaddset(&mut held, *signal))?;
            }
            check_code(libc::pthread_sigmask(libc::SIG_BLOCK, &held, &mut before))?;
            Ok(HeldSignals { held, before })
        }
    }

    /// Waits for the next of them (sigwaitinfo(2)).
    pub(crate) fn next(&self) -> io::Result<Arrival> {
        // SAFETY: siginfo_t is plain data for which all zeroes is a value; both pointers are valid for the call.
        unsafe {
            let mut details: libc::siginfo_t = std::mem::zeroed();
            let signal = libc::sigwaitinfo(&self.held, &mut details);
            if signal < 0 {
                return Err(io::Error::last_os_error());
            }
            // Codes above zero mean that the kernel sent it; others carry the sender.
            let sender = (details.si_code <= 0).then(|| details.si_pid());
            Ok(Arrival { signal, sender })
        }
    }

    /// Gives the command the signal mask that we were started with.
    pub(crate) fn release_in(&self, command: &mut Command) {
        let before = self.before;
        // SAFETY: between fork and exec the closure calls sigprocmask only, which is async-signal-safe.
        unsafe {
            command
                .pre_exec(move || check(libc::sigprocmask(libc::SIG_SETMASK, &before, std::ptr::null_mut())));
        }
    }
}

/// signal(2) with SIG_DFL: an inherited SIG_IGN for SIGCHLD would make exit statuses vanish.
pub(crate) fn reset_signal(signal: libc::c_int) {
    // SAFETY: SIG_DFL is a valid disposition and installs no handler.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// kill(2).
pub(crate) fn send_signal(process: libc::pid_t, signal: libc::c_int) -> io::Result<()> {
    // SAFETY: no pointers are involved.
    check(unsafe { libc::kill(process, signal) })
}

/// raise(3) SIGSTOP: returns when somebody lets this process continue.
pub(crate) fn stop_ourselves() {
    // SAFETY: no pointers are involved.
    unsafe { libc::raise(libc::SIGSTOP) };
}

/// waitpid(2) with WNOHANG and WUNTRACED: has the child ended or stopped?
pub(crate) fn child_status(process: libc::pid_t) -> io::Result<Option<ExitStatus>> {
    let mut status = 0;
    // SAFETY: `status` is a writable int.
    let found = unsafe { libc::waitpid(process, &mut status, libc::WNOHANG | libc::WUNTRACED) };
    match found {
        0 => Ok(None),
        found if found < 0 => Err(io::Error::last_os_error()),
        _ => Ok(Some(ExitStatus::from_raw(status))),
    }
}

fn check_code(code: libc::c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}
