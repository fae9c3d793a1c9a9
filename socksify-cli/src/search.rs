//! Where a command's file is: the search of execvp(3), done before exec so that the file can be looked into.

use socks_program::{may_execute, search};
use std::ffi::{CStr, OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

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
    let search_path = search_path.as_deref().map_or(search::DEFAULT_PATH, OsStr::as_bytes);
    let mut absence = Absence::NotFound;
    let found = search::try_each(search_path, name.as_bytes(), |candidate| match check(candidate) {
        Ok(()) => ControlFlow::Break(path(candidate)),
        Err(error) if is_absence(&error) => ControlFlow::Continue(()),
        Err(error) => {
            absence = Absence::NotExecutable(path(candidate), error);
            ControlFlow::Continue(())
        }
    });
    found.ok_or(absence)
}

/// A path with a slash, which keeps it from being searched for again.
fn path(candidate: &CStr) -> PathBuf {
    let path = Path::new(OsStr::from_bytes(candidate.to_bytes()));
    if candidate.to_bytes().contains(&b'/') { path.to_owned() } else { Path::new(".").join(path) }
}

fn check(candidate: &CStr) -> io::Result<()> {
    let is_directory = std::fs::metadata(path(candidate))?.is_dir();
    if is_directory { Err(io::ErrorKind::IsADirectory.into()) } else { may_execute(candidate) }
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
        assert_eq!(path(c"x"), Path::new("./x"));
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
