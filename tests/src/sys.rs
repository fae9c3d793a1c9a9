//! The system calls that move a process into a host of the test network.
//!
//! The only module of this package with `unsafe`: everything here is a thin wrapper with an
//! `io::Result`, and what runs between fork and exec is limited to system calls on data prepared before.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

fn checked(outcome: libc::c_int) -> io::Result<()> {
    if outcome == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// True when this process may make namespaces.
pub fn is_root() -> bool {
    // SAFETY: geteuid has no preconditions.
    unsafe { libc::geteuid() == 0 }
}

/// Lets this process, and those it starts, have as many descriptors as the system allows.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is ours and has the right type.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) })?;
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: as above.
    checked(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) })
}

/// Moves the calling thread into the network namespace.
pub(crate) fn enter_network(namespace: &OwnedFd) -> io::Result<()> {
    // SAFETY: the descriptor is open for the length of the call.
    checked(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) })
}

/// Moves the calling thread into a new network namespace and opens it.
pub(crate) fn new_network() -> io::Result<OwnedFd> {
    // SAFETY: affects the calling thread only.
    checked(unsafe { libc::unshare(libc::CLONE_NEWNET) })?;
    File::open("/proc/thread-self/ns/net").map(OwnedFd::from)
}

/// Puts the later children of the calling thread into a new process namespace; the first one is its init.
pub(crate) fn new_processes() -> io::Result<()> {
    // SAFETY: affects the children of the calling thread only.
    checked(unsafe { libc::unshare(libc::CLONE_NEWPID) })
}

/// Kills a process group; one that is gone already is no error.
pub(crate) fn kill_group(leader: u32) {
    // SAFETY: kill has no memory preconditions; the leader is a child that has not been reaped, or
    // a group that its surviving members keep reserved.
    unsafe { libc::kill(-(leader as libc::pid_t), libc::SIGKILL) };
}

/// What the process finds around it when its program starts.
#[derive(Clone)]
pub(crate) struct Surroundings {
    network: Arc<OwnedFd>,
    host_name: CString,
    files: Vec<(CString, CString)>,
}

impl Surroundings {
    /// `files` are pairs of a file and the path it appears at.
    pub(crate) fn new(
        network: Arc<OwnedFd>,
        host_name: &str,
        files: &[(&Path, &str)],
    ) -> io::Result<Surroundings> {
        let path = |path: &OsStr| CString::new(path.as_bytes()).map_err(io::Error::from);
        let files = files
            .iter()
            .map(|(file, seen_as)| Ok((path(file.as_os_str())?, path(seen_as.as_ref())?)))
            .collect::<io::Result<_>>()?;
        Ok(Surroundings { network, host_name: CString::new(host_name)?, files })
    }

    fn enter(&self) -> io::Result<()> {
        enter_network(&self.network)?;
        // SAFETY: affects the calling process only, which is the forked child.
        checked(unsafe { libc::unshare(libc::CLONE_NEWNS | libc::CLONE_NEWUTS) })?;
        // SAFETY: the name is alive and has the given length.
        checked(unsafe { libc::sethostname(self.host_name.as_ptr(), self.host_name.count_bytes()) })?;
        mount(c"none", c"/", libc::MS_REC | libc::MS_PRIVATE, None)?;
        mount(c"proc", c"/proc", 0, Some(c"proc"))?;
        self.files.iter().try_for_each(|(file, seen_as)| mount(file, seen_as, libc::MS_BIND, None))
    }
}

fn mount(source: &CStr, at: &CStr, flags: libc::c_ulong, kind: Option<&CStr>) -> io::Result<()> {
    let kind = kind.map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: the strings are alive; no data argument.
    checked(unsafe { libc::mount(source.as_ptr(), at.as_ptr(), kind, flags, std::ptr::null()) })
}

/// Lets the program start inside `surroundings`, as the leader of a process group of its own.
pub(crate) fn start_inside(command: &mut Command, surroundings: Surroundings) {
    command.process_group(0);
    // SAFETY: the closure makes system calls on memory prepared before the fork, nothing else.
    unsafe { command.pre_exec(move || surroundings.enter()) };
}

/// Lets the program start in `network`, with the files of the machine.
pub(crate) fn start_in_network(command: &mut Command, network: Arc<OwnedFd>) {
    // SAFETY: the closure is one system call.
    unsafe { command.pre_exec(move || enter_network(&network)) };
}

/// Lets the program die with the thread that starts it, and keep no zombies of orphans it inherits.
pub(crate) fn start_as_init(command: &mut Command) {
    let prepare = || {
        // SAFETY: both calls concern the calling process only.
        checked(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
        // SAFETY: SIG_IGN is a valid disposition and survives exec.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
        Ok(())
    };
    // SAFETY: the closure makes two system calls on no memory of ours.
    unsafe { command.pre_exec(prepare) };
}
