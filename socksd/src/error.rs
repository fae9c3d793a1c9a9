//! Why `socksd` does not start, and with which exit status.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use socksd::{BindError, HostsError, UserError};

#[derive(Debug)]
pub(crate) enum Error {
    User(UserError),
    Resolve { pair: String, error: HostsError },
    Unreadable { file: PathBuf, error: io::Error },
    UsersLine { file: PathBuf, line: usize, error: UserError },
    HostsLine { file: PathBuf, line: usize, error: HostsError },
    Bind(BindError),
    Run(io::Error),
}

impl Error {
    /// 2 for what the command line itself says wrong, as clap has it; 1 for everything beyond.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Error::User(_) | Error::Resolve { .. } => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

impl From<BindError> for Error {
    fn from(error: BindError) -> Error {
        Error::Bind(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::User(error) => write!(f, "--user: {error}"),
            Error::Resolve { pair, error } => write!(f, "--resolve {pair}: {error}"),
            Error::Unreadable { file, error } => write!(f, "cannot read {}: {error}", file.display()),
            Error::UsersLine { file, line, error } => write!(f, "{}:{line}: {error}", file.display()),
            Error::HostsLine { file, line, error } => write!(f, "{}:{line}: {error}", file.display()),
            Error::Bind(error) => error.fmt(f),
            Error::Run(error) => write!(f, "cannot serve: {error}"),
        }
    }
}
