//! The library to preload: where it is, and whether the loader will really take it.
//!
//! The dynamic loader ignores an LD_PRELOAD it cannot use, and the program then runs unproxied. So everything that
//! would make it do so is found out here, before.

use crate::sys;
use socks_program::{File, Format, Image};
use std::ffi::{CString, OsString};
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The variable that names the library and ends the search.
pub(crate) const VARIABLE: &str = "SOCKSIFY_LIBRARY";

const FILE_NAME: &str = "libsocksify.so";

/// Directories to look into, relative to our own.
const BESIDE_US: &[&str] = &["", "../lib", "../lib/socksify", "../libexec", "../libexec/socksify"];

/// Directories to look into after those; packagers can name the first when they build.
const INSTALLED: &[Option<&str>] = &[
    option_env!("SOCKSIFY_LIBDIR"),
    Some("/usr/local/lib/socksify"),
    Some("/usr/local/lib"),
    Some("/usr/lib/socksify"),
    Some("/usr/lib"),
];

/// Why there is no library to preload.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// It is at none of these places.
    Missing(Vec<PathBuf>),
    /// A file is there, with this fault.
    Faulty(PathBuf, Fault),
}

/// Why the loader would ignore a library.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is not a shared library.
    Format,
    /// It is for another machine than this program.
    Machine {
        /// The library's format.
        is: Format,
        /// Our own.
        ours: Format,
    },
    /// Its path cannot be written in LD_PRELOAD.
    Path,
    /// Its file system is mounted noexec.
    NoExec,
}

/// The absolute path of the library.
pub(crate) fn find(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<PathBuf, Unusable> {
    match variable(VARIABLE).filter(|path| !path.is_empty()) {
        Some(path) => first_of(vec![std::path::absolute(&path).unwrap_or_else(|_| path.into())]),
        None => first_of(candidates(std::env::current_exe().ok().as_deref())),
    }
}

/// The places to look at, in order.
fn candidates(program: Option<&Path>) -> Vec<PathBuf> {
    let ours = program.and_then(Path::parent);
    let beside = ours.into_iter().flat_map(|ours| BESIDE_US.iter().filter_map(|step| follow(ours, step)));
    let installed = INSTALLED.iter().flatten().map(PathBuf::from);
    let mut candidates = Vec::new();
    for candidate in beside.chain(installed).map(|directory| directory.join(FILE_NAME)) {
        if !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    candidates
}

/// Follows `../x` in writing, so that messages show the path a person would.
fn follow(directory: &Path, step: &str) -> Option<PathBuf> {
    match step.strip_prefix("../") {
        Some(rest) => Some(directory.parent()?.join(rest)),
        None => Some(directory.join(step)),
    }
}

/// The first candidate that exists counts, usable or not: a stale one must not hide behind another.
fn first_of(candidates: Vec<PathBuf>) -> Result<PathBuf, Unusable> {
    match candidates.iter().find(|path| path.symlink_metadata().is_ok()) {
        None => Err(Unusable::Missing(candidates)),
        Some(path) => match fault(path) {
            None => Ok(path.clone()),
            Some(fault) => Err(Unusable::Faulty(path.clone(), fault)),
        },
    }
}

fn fault(path: &Path) -> Option<Fault> {
    if path.as_os_str().as_bytes().iter().any(|byte| separates(*byte)) {
        return Some(Fault::Path);
    }
    readable_fault(path).unwrap_or_else(|error| Some(Fault::Unreadable(error)))
}

fn readable_fault(path: &Path) -> io::Result<Option<Fault>> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    let Some((file, _)) = File::open(name.as_c_str().into())? else { return Ok(Some(Fault::Format)) };
    let fault = match Format::of(file.head()) {
        None => Some(Fault::Format),
        Some(is) if is != Format::OURS => Some(Fault::Machine { is, ours: Format::OURS }),
        Some(_) if !Image::read(&file).is_ok_and(|image| image.is_shared) => Some(Fault::Format),
        Some(_) if sys::mount_flags(path)? & libc::ST_NOEXEC != 0 => Some(Fault::NoExec),
        Some(_) => None,
    };
    Ok(fault)
}

/// What ends a path in LD_PRELOAD, or starts a substitution there; see ld.so(8).
fn separates(byte: u8) -> bool {
    matches!(byte, b' ' | b':' | b'$')
}

/// LD_PRELOAD with our library first, and what it held before behind, once.
pub(crate) fn preload(library: &Path, before: Option<OsString>) -> OsString {
    let mut value = library.as_os_str().to_owned();
    let before = before.unwrap_or_default();
    let others = before.as_bytes().split(|byte| matches!(byte, b' ' | b':'));
    for other in others.filter(|other| !other.is_empty() && *other != library.as_os_str().as_bytes()) {
        value.push(":");
        value.push(std::ffi::OsStr::from_bytes(other));
    }
    value
}

impl fmt::Display for Unusable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Missing(places) => {
                write!(out, "{FILE_NAME} is missing; looked for:")?;
                places.iter().try_for_each(|place| write!(out, "\n  {}", place.display()))?;
                write!(out, "\n  hint: ${VARIABLE} can name it")
            }
            Unusable::Faulty(path, fault) => write!(out, "{} cannot be preloaded: {fault}", path.display()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Unreadable(error) => write!(out, "{error}"),
            Fault::Format => write!(out, "it is not a shared library"),
            Fault::Machine { is, ours } => write!(out, "it is for {is}, and this socksify for {ours}"),
            Fault::Path => write!(
                out,
                "LD_PRELOAD would split or change a path with a blank, a colon or a dollar sign\n  \
                 hint: copy it to another place and name that with ${VARIABLE}"
            ),
            Fault::NoExec => write!(out, "its file system is mounted noexec"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preloaded(before: &str) -> OsString {
        preload(Path::new("/lib/us.so"), Some(before.into()))
    }

    #[test]
    fn other_preloads_are_kept_behind_ours() {
        assert_eq!(preload(Path::new("/lib/us.so"), None), "/lib/us.so");
        assert_eq!(preloaded(""), "/lib/us.so");
        assert_eq!(preloaded("/lib/a.so b.so"), "/lib/us.so:/lib/a.so:b.so");
        assert_eq!(preloaded("/lib/a.so:/lib/us.so"), "/lib/us.so:/lib/a.so");
        assert_eq!(preloaded("/lib/us.so"), "/lib/us.so");
    }

    #[test]
    fn the_library_is_looked_for_around_us_first() {
        let candidates = candidates(Some(Path::new("/opt/x/bin/socksify")));
        assert_eq!(candidates[0], Path::new("/opt/x/bin/libsocksify.so"));
        assert_eq!(candidates[1], Path::new("/opt/x/lib/libsocksify.so"));
        assert_eq!(candidates[2], Path::new("/opt/x/lib/socksify/libsocksify.so"));
        assert!(candidates.contains(&PathBuf::from("/usr/local/lib/libsocksify.so")));
    }

    #[test]
    fn no_place_is_listed_twice() {
        let mut candidates = candidates(Some(Path::new("/usr/local/bin/socksify")));
        let all = candidates.len();
        candidates.sort();
        candidates.dedup();
        assert_eq!(candidates.len(), all);
    }

    #[test]
    fn the_variable_ends_the_search() {
        let named = |_: &str| Some(OsString::from("/nowhere/lib.so"));
        let Err(Unusable::Missing(places)) = find(&named) else { panic!("found what is not there") };
        assert_eq!(places, [Path::new("/nowhere/lib.so")]);
    }

    #[test]
    fn faults_are_found() {
        assert!(matches!(fault(Path::new("/etc/passwd")), Some(Fault::Format)));
        assert!(matches!(fault(Path::new("/etc")), Some(Fault::Format)));
        assert!(matches!(fault(Path::new("/with blank/lib.so")), Some(Fault::Path)));
        assert!(matches!(fault(Path::new("/a:b/lib.so")), Some(Fault::Path)));
        assert!(matches!(fault(Path::new("/nowhere/lib.so")), Some(Fault::Unreadable(_))));
    }
}
