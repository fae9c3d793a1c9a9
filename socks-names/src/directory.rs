//! Where tables live: a directory of the user's own, and the names of the files in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Error, Range};

/// The directory for this user's tables: `$XDG_RUNTIME_DIR/socksify`, else `/run/user/UID/socksify`, else
/// `/tmp/socksify-UID`. It is created with mode 0700; one that belongs to another user, is open to others, or is a
/// symbolic link is refused.
pub fn per_user(_variable: &dyn Fn(&str) -> Option<OsString>) -> Result<PathBuf, Error> {
    Err(Error::FileType)
}

/// The path of a table for one run, `names-<pid>-<something unique>`: a name that no other run has or will have.
/// The file is created when it is opened.
pub fn per_run_table(directory: &Path) -> PathBuf {
    directory.join("names-0-0")
}

/// The path of the table that all runs of a user share when nobody named one: under plain `LD_PRELOAD`.
pub fn per_user_table(directory: &Path, range: &Range) -> PathBuf {
    directory.join(format!("user-{}-{}", range.base(), range.prefix()))
}

/// Removes the tables of runs that have ended, once there are many of them; the number of files removed.
pub fn sweep(_directory: &Path) -> usize {
    0
}
