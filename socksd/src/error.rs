//! Why `socksd` does not start, and with which exit status.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use socksd::{BindError, HostsError, NoSuchGroup, UserError};

#[derive(Debug)]
pub(crate) enum Error {
    User(UserError),
    Resolve { pair: String, error: HostsError },
    Unreadable { file: PathBuf, error: io::Error },
    UsersLine { file: PathBuf, line: usize, error: UserError },
    HostsLine { file: PathBuf, line: usize, error: HostsError },
    Configuration(socks_conf::Error),
    Group(NoSuchGroup),
    NoSuchPlace(String),
    NowhereToListen,
    NoPam,
    NoRandomness,
    Input(io::Error),
    NoSuchUser(String),
    Become { user: String, error: io::Error },
    Inherited(io::Error),
    Control { path: PathBuf, error: io::Error },
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
            Error::Configuration(error) => error.fmt(f),
            Error::Group(error) => error.fmt(f),
            Error::NoSuchPlace(name) => write!(f, "internal: {name} is neither an interface nor a host name"),
            Error::NowhereToListen => {
                f.write_str("internal: there is no address of these families to listen on")
            }
            Error::NoPam => {
                f.write_str("this socksd is built without PAM (the feature `pam`), so the method pam.username is not possible")
            }
            Error::NoRandomness => f.write_str("the system has no random bytes for the salt"),
            Error::Control { path, error } => write!(f, "control socket {}: {error}", path.display()),
            Error::NoSuchUser(user) => write!(f, "there is no user {user}"),
            Error::Become { user, error } => write!(f, "cannot become {user}: {error}"),
            Error::Inherited(error) => write!(f, "cannot use the sockets of socket activation: {error}"),
            Error::Input(error) => write!(f, "cannot read a password: {error}"),
            Error::Bind(error) => error.fmt(f),
            Error::Run(error) => write!(f, "cannot serve: {error}"),
        }
    }
}
