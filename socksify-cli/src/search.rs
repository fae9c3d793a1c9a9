//! Where a command's file is: the search of execvp(3), done before exec so that the file can be looked into.

use crate::sys;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The search path if there is no PATH, as in glibc.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Why there is nothing to run.
#[derive(Debug)]
pub(crate) enum Absence {
    /// No file of that name.
    NotFound,
    /// There is one, but it cannot be executed.
    NotExecutable(PathBuf, io::Error),
}

/// Finds what execvp(3) would execute: a name with a slash is a path, others are looked for in `PATH`.
pub(crate) fn find(name: &OsStr, search_path: Option<OsString>) -> Result<PathBuf, Absence> {
    if name.as_bytes().contains(&b'/') {
        return try_candidate(PathBuf::from(name));
    }
    if name.is_empty() {
        return Err(Absence::NotFound);
    }
    let search_path = search_path.unwrap_or_else(|| DEFAULT_PATH.into());
    let mut absence = Absence::NotFound;
    for directory in std::env::split_paths(&search_path) {
        match try_candidate(in_directory(&directory, name)) {
            Ok(path) => return Ok(path),
            Err(Absence::NotFound) => {}
            Err(other) => absence = other,
        }
    }
    Err(absence)
}

/// An empty directory in PATH is the current one; the slash keeps the result from being searched for again.
fn in_directory(directory: &Path, name: &OsStr) -> PathBuf {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    directory.join(name)
}

fn try_candidate(path: PathBuf) -> Result<PathBuf, Absence> {
    match check(&path) {
        Ok(()) => Ok(path),
        Err(error) if is_absence(&error) => Err(Absence::NotFound),
        Err(error) => Err(Absence::NotExecutable(path, error)),
    }
}

fn check(path: &Path) -> io::Result<()> {
    let is_directory = std::fs::metadata(path)?.is_dir();
    if is_directory { Err(io::ErrorKind::IsADirectory.into()) } else { sys::may_execute(path) }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(name: &str, path: &str) -> Result<PathBuf, Absence> {
        find(OsStr::new(name), Some(path.into()))
    }

    #[test]
    fn the_first_executable_in_path_is_taken() {
        assert_eq!(search("sh", "/nowhere:/etc:/bin:/usr/bin").unwrap(), Path::new("/bin/sh"));
        assert_eq!(find(OsStr::new("sh"), None).unwrap(), Path::new("/bin/sh"));
    }

    #[test]
    fn a_name_with_a_slash_is_not_searched_for() {
        assert_eq!(search("/bin/sh", "").unwrap(), Path::new("/bin/sh"));
        assert!(matches!(search("bin/no-such-program", "/"), Err(Absence::NotFound)));
    }

    #[test]
    fn an_empty_entry_is_the_current_directory() {
        assert_eq!(in_directory(Path::new(""), OsStr::new("x")), Path::new("./x"));
    }

    #[test]
    fn what_is_no_program_is_told_from_what_is_not_there() {
        assert!(matches!(search("no-such-program", "/bin"), Err(Absence::NotFound)));
        assert!(matches!(search("", "/bin"), Err(Absence::NotFound)));
        assert!(matches!(search("passwd", "/etc"), Err(Absence::NotExecutable(..))));
        assert!(matches!(search("/etc", ""), Err(Absence::NotExecutable(..))));
        assert!(
            matches!(search("passwd", "/etc:/usr/bin"), Ok(path) if path == Path::new("/usr/bin/passwd"))
        );
    }
}
