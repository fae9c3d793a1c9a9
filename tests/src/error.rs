//! What can keep the test network from coming up.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why a part of the test network is missing.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A system call failed.
    System {
        /// What it was meant to do.
        purpose: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// A file could not be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A program could not be started.
    Start {
        /// The program.
        program: String,
        /// What the system said.
        error: io::Error,
    },
    /// A program that had to succeed did not.
    Program {
        /// The program and its arguments.
        line: String,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to standard error.
        stderr: String,
    },
    /// A server was started, but nothing accepts on its port.
    Silent {
        /// The server.
        server: String,
        /// Where it was expected.
        address: std::net::SocketAddr,
        /// What it wrote.
        log: String,
    },
    /// The thread that holds the process namespace is gone.
    Keeper,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::System { purpose, error } => write!(f, "cannot {purpose}: {error}"),
            Error::File { path, error } => write!(f, "{}: {error}", path.display()),
            Error::Start { program, error } => write!(f, "cannot start {program}: {error}"),
            Error::Program { line, status, stderr } => write!(f, "{line}: {status}: {stderr}"),
            Error::Silent { server, address, log } => {
                write!(f, "{server} does not listen on {address}; it wrote: {log}")
            }
            Error::Keeper => f.write_str("the thread that keeps the servers is gone"),
        }
    }
}

impl std::error::Error for Error {}

/// Names the purpose of a system call that failed.
pub(crate) fn system(purpose: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |error| Error::System { purpose, error }
}

/// Names the file an operation failed on.
pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::File { path, error }
}
