//! execve(2), posix_spawn(3) and their families. A program that cannot be preloaded, or does not call libc, would bypass
//! the proxy and nobody would notice: it is looked at before it runs. What cannot run is libc's to say: whatever is
//! doubtful is passed on, and only the environment is seen to.
//!
//! All this happens in forked children of threaded programs, in vfork(2) children on their parent's memory, in signal
//! handlers: nothing is allocated unless a line has to be logged.

mod directory;
mod surroundings;

use std::ffi::{CStr, OsStr};
use std::fmt;
use std::ops::ControlFlow;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libc::{FILE, c_char, c_int, c_void, pid_t, posix_spawn_file_actions_t, posix_spawnattr_t};
use socks_program::{Bypass, Caller, Inspection, Judgement, Place, Suspect, search};

use crate::hooks::real;
use crate::inheritance::inheritance;
use crate::interpose::Verdict;
use crate::{association, configuration, environment, errno, ffi, indirect, parking, process, sys};
use directory::Directory;
pub(crate) use surroundings::Surroundings;

type Strings = *const *const c_char;
type MutableStrings = *const *mut c_char;

/// The shell that libc starts for what the kernel cannot execute, and for system(3).
const SHELL: &CStr = c"/bin/sh";

/// Of wordexp.h: commands are not run.
pub(crate) const WRDE_CMDSUB: c_int = 4;

/// execve(2).
pub(crate) fn execve(
    kept: &mut Surroundings,
    path: *const c_char,
    _: Strings,
    variables: Strings,
) -> Verdict<c_int> {
    if let Some(wait) = unsettled() {
        return wait;
    }
    by_path(kept, libc::AT_FDCWD, path, variables)
}

/// execv(3).
pub(crate) fn execv(kept: &mut Surroundings, path: *const c_char, _: Strings) -> Verdict<c_int> {
    if let Some(wait) = unsettled() {
        return wait;
    }
    by_path(kept, libc::AT_FDCWD, path, environ())
}

/// execvp(3).
pub(crate) fn execvp(kept: &mut Surroundings, file: *const c_char, _: Strings) -> Verdict<c_int> {
    if let Some(wait) = unsettled() {
        return wait;
    }
    by_name(kept, libc::AT_FDCWD, file, environ(), true)
}

/// execvpe(3).
pub(crate) fn execvpe(
    kept: &mut Surroundings,
    file: *const c_char,
    _: Strings,
    variables: Strings,
) -> Verdict<c_int> {
    if let Some(wait) = unsettled() {
        return wait;
    }
    by_name(kept, libc::AT_FDCWD, file, variables, true)
}

/// fexecve(3).
pub(crate) fn fexecve(kept: &mut Surroundings, fd: c_int, _: Strings, variables: Strings) -> Verdict<c_int> {
    if let Some(wait) = unsettled() {
        return wait;
    }
    by_descriptor(kept, fd, variables)
}

/// execveat(2).
pub(crate) fn execveat(
    kept: &mut Surroundings,
    directory: c_int,
    path: *const c_char,
    _: MutableStrings,
    variables: MutableStrings,
    flags: c_int,
) -> Verdict<c_int> {
    if let Some(wait) = unsettled() {
        return wait;
    }
    // SAFETY: the application's own string.
    if flags & libc::AT_EMPTY_PATH != 0 && !path.is_null() && unsafe { *path } == 0 {
        return by_descriptor(kept, directory, variables.cast());
    }
    by_path(kept, directory, path, variables.cast())
}

/// A socket that the next program will inherit must be through with its proxy by then: that program, and the helper's
/// end, know nothing of the dialogue.
fn unsettled() -> Option<Verdict<c_int>> {
    let opening = || association::opening_across_exec().map(|bell| bell.fd);
    let done = parking::open_across_exec().or_else(opening)?;
    Some(Verdict::Wait(parking::until_done(done)))
}

/// posix_spawn(3).
pub(crate) fn posix_spawn(
    kept: &mut Surroundings,
    _: *mut pid_t,
    path: *const c_char,
    actions: *const posix_spawn_file_actions_t,
    _: *const posix_spawnattr_t,
    _: MutableStrings,
    variables: MutableStrings,
) -> Verdict<c_int> {
    let directory = Directory::after(actions);
    by_path(kept, directory.fd(), path, variables.cast())
}

/// posix_spawnp(3).
pub(crate) fn posix_spawnp(
    kept: &mut Surroundings,
    _: *mut pid_t,
    file: *const c_char,
    actions: *const posix_spawn_file_actions_t,
    _: *const posix_spawnattr_t,
    _: MutableStrings,
    variables: MutableStrings,
) -> Verdict<c_int> {
    let directory = Directory::after(actions);
    by_name(kept, directory.fd(), file, variables.cast(), false)
}

/// system(3).
pub(crate) fn system((): &mut (), command: *const c_char) -> Verdict<c_int> {
    if command.is_null() { Verdict::Direct } else { by_the_shell() }
}

/// popen(3).
pub(crate) fn popen((): &mut (), _: *const c_char, _: *const c_char) -> Verdict<*mut FILE> {
    by_the_shell()
}

/// wordexp(3).
pub(crate) fn wordexp((): &mut (), _: *const c_char, _: *mut c_void, _: c_int) -> Verdict<c_int> {
    by_the_shell()
}

fn environ() -> Strings {
    // SAFETY: a pointer that is always there; who changes it meanwhile has a race with libc, too.
    unsafe { ffi::environ }
}

/// The program at a path. The kernel looks first: of one that cannot be executed, or a pointer that is none, it knows the
/// errno.
fn by_path(
    kept: &mut Surroundings,
    directory: RawFd,
    path: *const c_char,
    variables: Strings,
) -> Verdict<c_int> {
    if path.is_null() || !sys::may_execute(directory, path) {
        return Verdict::Direct;
    }
    // SAFETY: the kernel has just read this string.
    let path = unsafe { CStr::from_ptr(path) };
    let judgement = inspection(false).judge(Place::At(directory, path));
    conclude(kept, judgement, &shown(path), variables)
}

fn shown(path: &CStr) -> impl fmt::Display {
    Path::new(OsStr::from_bytes(path.to_bytes())).display()
}

fn by_descriptor(kept: &mut Surroundings, fd: RawFd, variables: Strings) -> Verdict<c_int> {
    let judgement = inspection(false).judge(Place::Descriptor(fd));
    conclude(kept, judgement, &format_args!("the program of descriptor {fd}"), variables)
}

/// The program that libc will find, by the application's PATH.
#[inline(never)]
fn by_name(
    kept: &mut Surroundings,
    directory: RawFd,
    file: *const c_char,
    variables: Strings,
    shell_reads_texts: bool,
) -> Verdict<c_int> {
    if file.is_null() {
        return Verdict::Direct;
    }
    // SAFETY: the application's own string, and what getenv(3) finds, which libc reads in the same way.
    let (file, path) = unsafe {
        let path = libc::getenv(c"PATH".as_ptr());
        let path = if path.is_null() { search::DEFAULT_PATH } else { CStr::from_ptr(path).to_bytes() };
        (CStr::from_ptr(file).to_bytes(), path)
    };
    let verdict = search::try_each(path, file, |candidate| {
        if !sys::may_execute(directory, candidate.as_ptr()) {
            return ControlFlow::Continue(());
        }
        match inspection(shell_reads_texts).judge(Place::At(directory, candidate)) {
            Judgement::Absent => ControlFlow::Continue(()),
            judgement => ControlFlow::Break(conclude(kept, judgement, &shown(candidate), variables)),
        }
    });
    verdict.unwrap_or_else(|| pass(kept, variables))
}

/// The shell is started inside libc with the application's own environment, so that is where we have to be.
fn by_the_shell<T>() -> Verdict<T> {
    let judgement = inspection(false).judge(SHELL.into());
    let mut kept = Surroundings::default();
    match conclude(&mut kept, judgement, &"/bin/sh", environ()) {
        Verdict::Fail(errno) => return Verdict::Fail(errno),
        _ => kept.adopt(),
    }
    kept.release();
    Verdict::Direct
}

fn inspection(shell_reads_texts: bool) -> Inspection<'static> {
    // What env(1) starts for a script is for env to judge, which we are in.
    Inspection { caller: Caller::ours(), search_path: None, shell_reads_texts }
}

/// What a judgement means here, where libc has the last word on what cannot be executed.
fn conclude(
    kept: &mut Surroundings,
    judgement: Judgement,
    program: &dyn fmt::Display,
    variables: Strings,
) -> Verdict<c_int> {
    match judgement {
        Judgement::Bypasses(Suspect { bypass: Bypass::Malformed, .. }) if !formats_are_registered() => {
            pass(kept, variables)
        }
        Judgement::Bypasses(suspect) => object(kept, program, &suspect, variables),
        Judgement::Passes | Judgement::Absent | Judgement::Text => match lost_library() {
            Some(bypass) => object(kept, program, &Suspect { interpreter: None, bypass }, variables),
            None => pass(kept, variables),
        },
    }
}

/// binfmt_misc: the kernel may then execute more than it does by itself.
fn formats_are_registered() -> bool {
    sys::may_read(c"/proc/sys/fs/binfmt_misc/status").is_ok()
}

/// The loader starts programs without a library it cannot read: after chroot(2), or as another user.
fn lost_library() -> Option<Bypass> {
    let error = sys::may_read(&inheritance()?.library).err()?;
    Some(Bypass::NoLibrary(error.raw_os_error().unwrap_or(libc::EACCES)))
}

#[cold]
fn object(
    kept: &mut Surroundings,
    program: &dyn fmt::Display,
    suspect: &Suspect,
    variables: Strings,
) -> Verdict<c_int> {
    let is_refused = environment::refuses_unhookable();
    let what = if is_refused { "refused to start" } else { "starting" };
    if !process::runs_on_borrowed_memory() {
        // The configuration may say where the line goes.
        configuration::runtime();
    }
    match &suspect.interpreter {
        Some(by) => {
            log::warn!("{what} {program}, interpreted by {by}: it would bypass the proxy: {}", suspect.bypass)
        }
        None => log::warn!("{what} {program}: it would bypass the proxy: {}", suspect.bypass),
    }
    if is_refused { Verdict::Fail(libc::EACCES) } else { pass(kept, variables) }
}

/// The program may run, with us.
fn pass(kept: &mut Surroundings, variables: Strings) -> Verdict<c_int> {
    let Some(inheritance) = inheritance() else { return Verdict::Direct };
    // SAFETY: the application's own environment.
    if unsafe { kept.complete(variables, inheritance) } {
        Verdict::Direct
    } else {
        Verdict::Fail(libc::ENOMEM)
    }
}

/// Calls the next definition with the environment that a body left, and with sockets that know themselves again. File actions
/// may hand on what would be closed.
macro_rules! act {
    ($kept:ident, $call:expr, $variables:ident => $instead:expr) => {
        act!($kept, false, $call, $variables => $instead)
    };
    ($kept:ident, $by_actions:expr, $call:expr, $variables:ident => $instead:expr) => {{
        association::depart($by_actions);
        let result = match $kept.environment() {
            None => $call,
            Some($variables) => $instead,
        };
        association::stay();
        $kept.release();
        result
    }};
}

/// # Safety
/// As for execve(2); likewise for the others.
pub(crate) unsafe fn act_execve(
    kept: &mut Surroundings,
    path: *const c_char,
    words: Strings,
    given: Strings,
) -> c_int {
    // SAFETY: the application's own arguments, and an environment made of its own.
    unsafe { act!(kept, real::execve(path, words, given), made => real::execve(path, words, made)) }
}

/// # Safety
/// As for execv(3).
pub(crate) unsafe fn act_execv(kept: &mut Surroundings, path: *const c_char, words: Strings) -> c_int {
    // SAFETY: as above.
    unsafe { act!(kept, real::execv(path, words), made => real::execve(path, words, made)) }
}

/// # Safety
/// As for execvp(3).
pub(crate) unsafe fn act_execvp(kept: &mut Surroundings, file: *const c_char, words: Strings) -> c_int {
    // SAFETY: as above.
    unsafe { act!(kept, real::execvp(file, words), made => real::execvpe(file, words, made)) }
}

/// # Safety
/// As for execvpe(3).
pub(crate) unsafe fn act_execvpe(
    kept: &mut Surroundings,
    file: *const c_char,
    words: Strings,
    given: Strings,
) -> c_int {
    // SAFETY: as above.
    unsafe { act!(kept, real::execvpe(file, words, given), made => real::execvpe(file, words, made)) }
}

/// # Safety
/// As for fexecve(3).
pub(crate) unsafe fn act_fexecve(
    kept: &mut Surroundings,
    fd: c_int,
    words: Strings,
    given: Strings,
) -> c_int {
    // SAFETY: as above.
    unsafe { act!(kept, real::fexecve(fd, words, given), made => real::fexecve(fd, words, made)) }
}

/// # Safety
/// As for execveat(2).
pub(crate) unsafe fn act_execveat(
    kept: &mut Surroundings,
    directory: c_int,
    path: *const c_char,
    words: MutableStrings,
    given: MutableStrings,
    flags: c_int,
) -> c_int {
    let call = |variables: MutableStrings| {
        // SAFETY: as above.
        let result = unsafe { real::execveat(directory, path, words, variables, flags) };
        if errno::current() != libc::ENOSYS {
            return result;
        }
        // An older libc has no such function, and whoever came here by syscall(2) does not need it.
        let (path, words, variables) = (path as usize, words as usize, variables as usize);
        // SAFETY: as above.
        unsafe {
            indirect::next(libc::SYS_execveat, directory as usize, path, words, variables, flags as usize, 0)
                as c_int
        }
    };
    act!(kept, call(given), made => call(made.cast()))
}

/// # Safety
/// As for posix_spawn(3).
pub(crate) unsafe fn act_posix_spawn(
    kept: &mut Surroundings,
    child: *mut pid_t,
    path: *const c_char,
    actions: *const posix_spawn_file_actions_t,
    attributes: *const posix_spawnattr_t,
    words: MutableStrings,
    given: MutableStrings,
) -> c_int {
    // SAFETY: as above.
    let call = |variables| unsafe { real::posix_spawn(child, path, actions, attributes, words, variables) };
    act!(kept, !actions.is_null(), call(given), made => call(made.cast()))
}

/// # Safety
/// As for posix_spawnp(3).
pub(crate) unsafe fn act_posix_spawnp(
    kept: &mut Surroundings,
    child: *mut pid_t,
    file: *const c_char,
    actions: *const posix_spawn_file_actions_t,
    attributes: *const posix_spawnattr_t,
    words: MutableStrings,
    given: MutableStrings,
) -> c_int {
    // SAFETY: as above.
    let call = |variables| unsafe { real::posix_spawnp(child, file, actions, attributes, words, variables) };
    act!(kept, !actions.is_null(), call(given), made => call(made.cast()))
}

/// # Safety
/// As for system(3).
pub(crate) unsafe fn act_system((): &mut (), command: *const c_char) -> c_int {
    association::depart(false);
    // SAFETY: the application's own argument.
    let result = unsafe { real::system(command) };
    association::stay();
    result
}

/// # Safety
/// As for popen(3).
pub(crate) unsafe fn act_popen((): &mut (), command: *const c_char, mode: *const c_char) -> *mut FILE {
    association::depart(false);
    // SAFETY: the application's own arguments.
    let result = unsafe { real::popen(command, mode) };
    association::stay();
    result
}
