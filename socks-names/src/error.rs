//! What can go wrong with a table: what was expected and what was found.

use std::error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::Range;

/// Why a table cannot be opened, or a name not be inserted.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Every index of the range stands for a name already; none is ever given to another name.
    Full,
    /// A name has 1 to 255 bytes, not this many.
    NameLength(usize),
    /// The system refused the memory or the space the table needs.
    Storage(io::Error),
    /// The file or directory cannot be opened or created.
    Open(io::Error),
    /// There is something else than a regular file, or than a directory, at the path.
    FileType,
    /// The file or directory belongs to another user.
    Owner {
        /// Our effective user.
        expected: u32,
        /// The one it belongs to.
        found: u32,
    },
    /// Others than the owner have permissions, as the mode bits say.
    Mode(u32),
    /// The file is too short or too long for a table of this range.
    Size {
        /// Bytes a table of this range has.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// The file is no table, or one of another format version.
    Format,
    /// The table was made for another range of fake addresses.
    OtherRange {
        /// The range it was opened with.
        expected: Range,
    },
    /// The header contradicts itself.
    Damaged,
    /// No directory is fit to hold tables; the path and fault are those of the last one tried.
    Directory {
        /// The last directory that was tried.
        path: PathBuf,
        /// What is wrong with it.
        fault: Box<Error>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Full => write!(f, "every fake address of the range stands for a name already"),
            Error::NameLength(length) => write!(f, "a name has 1 to 255 bytes, not {length}"),
            Error::Storage(error) => write!(f, "no room for the table of fake addresses: {error}"),
            Error::Open(error) => write!(f, "cannot open: {error}"),
            Error::FileType => write!(f, "expected a regular file for a table, a directory to hold tables"),
            Error::Owner { expected, found } => write!(f, "expected owner {expected}, it belongs to {found}"),
            Error::Mode(mode) => write!(f, "expected permissions for the owner alone, found {mode:04o}"),
            Error::Size { expected, found } => {
                write!(f, "expected a file of {expected} bytes, found {found}")
            }
            Error::Format => write!(f, "not a table of fake addresses of this version"),
            Error::OtherRange { expected } => write!(f, "the table is for another range than {expected}"),
            Error::Damaged => write!(f, "the table of fake addresses is damaged"),
            Error::Directory { path, fault } => write!(f, "{}: {fault}", path.display()),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Error::Storage(error) | Error::Open(error) => Some(error),
            Error::Directory { fault, .. } => Some(fault),
            _ => None,
        }
    }
}
