//! What we say ourselves: lines on standard error, written whole, and answers on standard output.
//!
//! If nobody can read our lines, that is no reason to fail; an answer that does not arrive is.

use crate::error::Error;
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Something that keeps the command from running.
pub(crate) fn fail(text: &dyn Display) {
    note(text);
}

/// Something that the user should know.
pub(crate) fn warn(text: &dyn Display) {
    note(&format_args!("warning: {text}"));
}

/// Something that the user asked to know.
pub(crate) fn note(text: &dyn Display) {
    let line = format!("socksify: {text}\n");
    let _ = io::stderr().write_all(line.as_bytes());
}

/// What the user asked for.
pub(crate) fn print(text: &[u8]) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text).and_then(|()| out.flush()).map_err(Error::Output)
}

/// Opens the file of `--log`, as the library will once it has something to say.
pub(crate) fn open_log(path: &Path) -> Result<File, Error> {
    if std::path::absolute(path)
        .is_ok_and(|path| path.as_os_str().as_bytes().iter().any(u8::is_ascii_whitespace))
    {
        return Err(Error::BlankInLog(path.to_owned()));
    }
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.map_err(|error| Error::Log(path.to_owned(), error))
}
