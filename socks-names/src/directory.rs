//! Where tables live: a directory of the user's own, and what the files in it are called.

mod holders;
mod sweep;

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

pub use sweep::sweep;

use crate::file;
use crate::mapping::calls;
use crate::{Error, Range};

/// The directory for this user's tables: `$XDG_RUNTIME_DIR/socksify`, else `/run/user/UID/socksify`, else
/// `/tmp/socksify-UID`.
///
/// It is created with mode 0700; one that belongs to another user, is open to others, or is a symbolic link is
/// refused. A runtime directory counts only if it is the user's own, as it often is not after su(1).
pub fn per_user(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<PathBuf, Error> {
    let user = calls::effective_user();
    let runtime = variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let standard = PathBuf::from(format!("/run/user/{user}"));
    runtime
        .into_iter()
        .chain([standard])
        .filter(|path| belongs_to(path, user))
        .find_map(|path| claim(path.join("socksify")).ok())
        .map_or_else(|| claim(PathBuf::from(format!("/tmp/socksify-{user}"))), Ok)
}

/// The path of a table for one run, `names-<pid>-<something unique>`: a name that no other run has or will have.
///
/// The file is created when it is opened. [`sweep()`] removes it once the process that asked for the name has ended
/// and no process holds the table.
pub fn per_run_table(directory: &Path) -> PathBuf {
    directory.join(sweep::Run::new().to_string())
}

/// The path of the table that all runs of a user share when nobody named one: under plain `LD_PRELOAD`.
pub fn per_user_table(directory: &Path, range: &Range) -> PathBuf {
    directory.join(format!("{PER_USER}{}-{}", range.base(), range.prefix()))
}

/// The tables in the directory: those of runs, ended or not, and those under plain `LD_PRELOAD`.
pub fn tables(directory: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let is_table = |name: &str| name.starts_with(PER_USER) || sweep::Run::parse(name).is_some();
    let mut tables: Vec<_> = names
        .filter(|name| name.to_str().is_some_and(|name| is_table(name) && !name.ends_with(file::UNFINISHED)))
        .map(|name| directory.join(name))
        .collect();
    tables.sort();
    tables
}

/// What the name of a table that all runs of a user share begins with.
const PER_USER: &str = "user-";

fn belongs_to(path: &Path, user: u32) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == user)
}

/// Makes the directory, or makes sure that it is nobody's but ours.
fn claim(path: PathBuf) -> Result<PathBuf, Error> {
    match create(&path).and_then(|()| check(&path)) {
        Ok(()) => Ok(path),
        Err(fault) => Err(Error::Directory { path, fault: Box::new(fault) }),
    }
}

fn create(path: &Path) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(Error::Open(error)),
        _ => Ok(()),
    }
}

fn check(path: &Path) -> Result<(), Error> {
    let metadata = fs::symlink_metadata(path).map_err(Error::Open)?;
    match metadata.is_dir() {
        true => file::check_owner(&metadata),
        false => Err(Error::FileType),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::scratch::Scratch;

    fn per_user_in(runtime: &Path) -> Result<PathBuf, Error> {
        per_user(&|name| (name == "XDG_RUNTIME_DIR").then(|| runtime.into()))
    }

    #[test]
    fn the_runtime_directory_is_preferred() {
        let runtime = Scratch::new();
        let directory = per_user_in(&runtime).unwrap();
        assert_eq!(directory, runtime.join("socksify"));
        assert_eq!(fs::metadata(&directory).unwrap().mode() & 0o7777, 0o700);
        assert_eq!(per_user_in(&runtime).unwrap(), directory);
    }

    #[test]
    fn a_runtime_directory_that_is_not_there_is_passed_over() {
        let runtime = Scratch::new();
        for path in [&runtime.join("missing"), Path::new("relative"), Path::new("")] {
            assert!(!per_user_in(path).unwrap().starts_with(path.join("socksify")), "{path:?}");
        }
    }

    #[test]
    fn a_directory_open_to_others_is_refused() {
        let scratch = Scratch::new();
        let path = scratch.join("socksify");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
        let Err(Error::Directory { fault, .. }) = claim(path) else { panic!("accepted") };
        assert!(matches!(*fault, Error::Mode(0o750)));
    }

    #[test]
    fn a_symbolic_link_and_a_file_are_refused() {
        let scratch = Scratch::new();
        let (link, file) = (scratch.join("link"), scratch.join("file"));
        fs::create_dir_all(scratch.join("elsewhere")).unwrap();
        symlink(scratch.join("elsewhere"), &link).unwrap();
        fs::write(&file, "").unwrap();
        for path in [link, file] {
            let Err(Error::Directory { fault, .. }) = claim(path) else { panic!("accepted") };
            assert!(matches!(*fault, Error::FileType));
        }
    }

    #[test]
    fn tables_are_told_from_other_files() {
        let scratch = Scratch::new();
        let (run, user) = (per_run_table(&scratch), per_user_table(&scratch, &Range::default()));
        let unfinished = scratch.join("user-198.18.0.0-15.0123456789abcdef.new");
        for path in [&run, &user, &unfinished, &scratch.join("names-of-children")] {
            fs::write(path, "").unwrap();
        }
        assert_eq!(tables(&scratch), [run, user]);
        assert!(tables(&scratch.join("missing")).is_empty());
    }

    #[test]
    fn the_table_of_a_user_depends_on_the_range() {
        let path = per_user_table(Path::new("/run/x"), &Range::default());
        assert_eq!(path, Path::new("/run/x/user-198.18.0.0-15"));
    }
}
