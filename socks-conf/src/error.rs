//! Why there is no configuration.

use crate::{Diagnostic, Source, UrlError};
use std::path::PathBuf;
use std::{fmt, io};

/// Why there is no configuration. The `Display` form is the complete message for the user.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The text is wrong at one or more places, in the order of the text.
    Syntax(Vec<Diagnostic>),
    /// A file exists, or was asked for, and cannot be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The first line of a password file is not a password.
    PasswordFile {
        /// The file.
        file: PathBuf,
    },
    /// A route is about a user whom passwd(5) does not have.
    UnknownUser {
        /// Where the route is.
        place: Source,
        /// The line of the route.
        line: u32,
        /// The user.
        name: String,
    },
    /// No variable names a proxy and none of the files exists.
    Missing {
        /// The files, in the order of the search.
        tried: Vec<PathBuf>,
    },
    /// An environment variable has a value that cannot be used.
    Variable {
        /// The variable.
        name: String,
        /// What is wrong with its value, which may hold a password and is not shown.
        error: VariableError,
    },
}

/// What is wrong with the value of an environment variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariableError {
    /// Not a proxy URL.
    Url(UrlError),
    /// Not `host:port`.
    HostAndPort(UrlError),
    /// A proxy URL, but not of an HTTP proxy.
    NotHttp,
    /// Only blanks.
    Empty,
    /// Not UTF-8.
    NotUtf8,
    /// Not a number.
    NotANumber,
    /// None of these words.
    NotOneOf(&'static [&'static str]),
    /// Not the addresses of name servers.
    NotANameServer,
    /// A user name or password that does not fit into the handshake.
    CredentialLength,
    /// UPnP is not supported.
    Upnp,
    /// Choosing the local address is not supported.
    RedirectFrom,
}

impl fmt::Display for VariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            VariableError::Url(error) => return error.fmt(f),
            VariableError::NotOneOf(words) => return write!(f, "expected one of {}", words.join(", ")),
            VariableError::NotANameServer => "expected addresses such as 10.0.0.53, 10.0.0.53:5353 or [2001:db8::53]:5353, separated by blanks",
            VariableError::HostAndPort(UrlError::Port) => "expected a port from 1 to 65535 behind the colon",
            VariableError::HostAndPort(_) => "expected HOST:PORT, such as 10.0.0.11:1080 or [::1]:1080",
            VariableError::NotHttp => "expected a URL that begins with http://",
            VariableError::Empty => "expected one or more proxy URLs, found only blanks",
            VariableError::NotUtf8 => "expected UTF-8",
            VariableError::NotANumber => "expected a number",
            VariableError::CredentialLength => "expected at most 255 bytes",
            VariableError::RedirectFrom => "not supported: the local address is the application's to choose",
            VariableError::Upnp => "UPnP is not supported: it forwards ports on a router, it is no proxy",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Syntax(diagnostics) => write_lines(f, diagnostics),
            Error::Unreadable { file, error } => write!(f, "cannot read {}: {error}", file.display()),
            Error::PasswordFile { file } => {
                write!(f, "{}: expected a password of 1 to 255 bytes in the first line", file.display())
            }
            Error::UnknownUser { place, line, name } => write!(
                f,
                "{place}: the route of line {line} is about the user `{name}`, whom /etc/passwd does not have; write the user ID"
            ),
            Error::Missing { tried } => {
                f.write_str("no configuration: no variable names a proxy, and none of these files exists:")?;
                tried.iter().try_for_each(|file| write!(f, "\n  {}", file.display()))
            }
            Error::Variable { name, error } => write!(f, "${name}: {error}"),
        }
    }
}

fn write_lines(f: &mut fmt::Formatter<'_>, diagnostics: &[Diagnostic]) -> fmt::Result {
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        let separator = if index == 0 { "" } else { "\n" };
        write!(f, "{separator}{diagnostic}")?;
    }
    Ok(())
}

impl From<Box<Diagnostic>> for Error {
    fn from(diagnostic: Box<Diagnostic>) -> Error {
        Error::Syntax(vec![*diagnostic])
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Unreadable { error, .. } => Some(error),
            _ => None,
        }
    }
}
