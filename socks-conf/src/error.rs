//! Why there is no configuration.

use crate::{Diagnostic, UrlError};
use std::path::PathBuf;
use std::{fmt, io};

/// Why there is no configuration. The `Display` form is the complete message for the user.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The text is wrong at one place.
    Syntax(Box<Diagnostic>),
    /// A file exists, or was asked for, and cannot be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// No variable names a proxy and none of the files exists.
    Missing {
        /// The files, in the order of the search.
        tried: Vec<PathBuf>,
    },
    /// An environment variable holds something that is no proxy.
    Variable {
        /// The variable.
        name: String,
        /// What is wrong with its value.
        error: UrlError,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Syntax(diagnostic) => diagnostic.fmt(f),
            Error::Unreadable { file, error } => write!(f, "cannot read {}: {error}", file.display()),
            Error::Missing { tried } => {
                f.write_str("no configuration: no variable names a proxy, and none of these files exists:")?;
                tried.iter().try_for_each(|file| write!(f, "\n  {}", file.display()))
            }
            Error::Variable { name, error } => write!(f, "${name}: {error}"),
        }
    }
}

impl std::error::Error for Error {}
