//! Whether the command's connections would really pass through us, decided before it runs.
//!
//! A program that the library cannot be loaded into, or that does not call the C library to connect, would reach
//! the network directly and nobody would notice. The library asks the same of what the command starts.

use socks_program::search::DEFAULT_PATH;
use socks_program::{Bypass, Caller, Inspection, Judgement};
use std::ffi::{CString, OsStr};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A program that would bypass us.
#[derive(Debug)]
pub(crate) struct Suspect {
    /// The file at fault: the program itself, or what interprets it.
    pub(crate) path: PathBuf,
    /// The reason.
    pub(crate) bypass: Bypass,
}

/// Looks for a reason why the program would bypass us. `search_path` is where env(1) would find interpreters.
pub(crate) fn suspect(path: &Path, search_path: Option<&OsStr>) -> Option<Suspect> {
    let search_path = search_path.map_or(DEFAULT_PATH, OsStr::as_bytes);
    let inspection =
        Inspection { caller: Caller::ours(), search_path: Some(search_path), shell_reads_texts: true };
    // A path with a NUL names no file: exec will fail, and that message is the better one.
    let program = CString::new(path.as_os_str().as_bytes()).ok()?;
    match inspection.judge(program.as_c_str().into()) {
        Judgement::Bypasses(suspect) => Some(Suspect {
            path: suspect.interpreter.map_or_else(|| path.to_owned(), |found| found.as_path().to_owned()),
            bypass: suspect.bypass,
        }),
        Judgement::Passes | Judgement::Absent | Judgement::Text => None,
    }
}

impl fmt::Display for Suspect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.path.display(), self.bypass)
    }
}
