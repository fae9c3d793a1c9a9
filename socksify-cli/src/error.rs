//! Everything that can keep a command from running, as the user is told.

use crate::diagnosis::{self, Style};
use crate::exit;
use crate::library;
use crate::program::Suspect;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the command was not run.
#[derive(Debug)]
pub(crate) enum Error {
    /// There is no configuration to go by.
    Configuration(socks_conf::Error),
    /// What is to be explained is no host, or its port none.
    Target(String),
    /// The local address of a call to be explained is none.
    From(String),
    /// The user of a call to be explained is unknown.
    User(String),
    /// A configuration cannot be written in TOML.
    Unconvertible(PathBuf, socks_conf::Unconvertible),
    /// A proxy URL of the command line is none.
    Url(String, socks_conf::UrlError),
    /// A proxy URL of the command line has a blank in it, which would make it two.
    BlankInUrl(String),
    /// There is no library to preload.
    Library(library::Unusable),
    /// The log file cannot be written.
    Log(PathBuf, io::Error),
    /// The log file's path has a blank in it, which would make it two.
    BlankInLog(PathBuf),
    /// The current directory is unknown, so relative paths cannot be made absolute.
    Directory(io::Error),
    /// There is no such command.
    NotFound(OsString),
    /// The command's file cannot be executed.
    NotExecutable(PathBuf, io::Error),
    /// The command would bypass the proxy.
    Refused(PathBuf, Box<Suspect>),
    /// The proxy of `--embedded` did not start.
    Embedded(socksd::BindError),
    /// The system refused something that it never refuses.
    System(io::Error),
    /// A table of names cannot be read.
    Names(PathBuf, socks_names::Error),
    /// What is traced cannot be told, or written down.
    Trace(PathBuf, io::Error),
    /// What was asked for cannot be printed.
    Output(io::Error),
}

impl Error {
    /// The exit status, as env(1) has them.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Error::NotFound(_) => exit::NOT_FOUND,
            Error::NotExecutable(_, error) if error.kind() == io::ErrorKind::NotFound => exit::NOT_FOUND,
            Error::NotExecutable(..) | Error::Refused(..) => exit::NOT_RUN,
            _ => exit::OUR_FAILURE,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Configuration(socks_conf::Error::Missing { tried }) => explain_missing(out, tried),
            Error::Configuration(socks_conf::Error::Syntax(mistakes)) => {
                out.write_str(&diagnosis::errors(mistakes, Style::of_messages()))
            }
            Error::Configuration(error) => error.fmt(out),
            Error::Target(text) => {
                write!(
                    out,
                    "'{text}': expected HOST or HOST:PORT, such as www.example.org:80 or [2001:db8::1]:80"
                )
            }
            Error::User(text) => {
                write!(out, "--user {text}: /etc/passwd has no such user; a user ID is accepted, too")
            }
            Error::From(text) => {
                write!(
                    out,
                    "--from {text}: expected an address or ADDRESS:PORT, such as 10.0.0.1 or [2001:db8::1]:80"
                )
            }
            Error::Unconvertible(file, reason) => {
                write!(out, "{} cannot be converted: {reason}", file.display())
            }
            Error::Url(url, error) => write!(out, "-p {url}: {error}"),
            Error::BlankInUrl(url) => {
                write!(out, "-p '{url}': a proxy URL has no blanks\n  hint: give each proxy a -p of its own")
            }
            Error::Library(error) => error.fmt(out),
            Error::Log(path, error) => write!(out, "cannot write the log file {}: {error}", path.display()),
            Error::BlankInLog(path) => {
                write!(out, "--log '{}': the path of a log file must not have blanks", path.display())
            }
            Error::Directory(error) => write!(out, "cannot tell the current directory: {error}"),
            Error::NotFound(name) => explain_not_found(out, name),
            Error::NotExecutable(path, error) => explain_not_executable(out, path, error),
            Error::Refused(program, suspect) => explain_refusal(out, program, suspect),
            Error::Embedded(error) => write!(out, "cannot start a proxy on 127.0.0.1: {error}"),
            Error::System(error) => write!(out, "{error}"),
            Error::Names(path, error) => write!(out, "{}: {error}", path.display()),
            Error::Trace(path, error) => write!(out, "cannot trace to {}: {error}", path.display()),
            Error::Output(error) => write!(out, "cannot write: {error}"),
        }
    }
}

impl std::error::Error for Error {}

fn explain_missing(out: &mut fmt::Formatter<'_>, tried: &[PathBuf]) -> fmt::Result {
    write!(out, "no configuration says which proxy to use; looked for:")?;
    tried.iter().try_for_each(|file| write!(out, "\n  {}", file.display()))?;
    write!(
        out,
        "\n  hint: name the proxy: socksify -p socks5h://127.0.0.1:1080 COMMAND\n        \
         or write one of these files, for example with this line:\n        \
         route {{ from: 0.0.0.0/0 to: 0.0.0.0/0 via: 127.0.0.1 port = 1080 proxyprotocol: socks_v5 }}"
    )
}

fn explain_not_found(out: &mut fmt::Formatter<'_>, name: &OsStr) -> fmt::Result {
    let name = name.to_string_lossy();
    write!(out, "{name}: command not found")?;
    if name.contains(' ') {
        write!(out, "\n  hint: for a line with blanks start a shell: socksify sh -c '{name}'")?;
    }
    Ok(())
}

fn explain_not_executable(out: &mut fmt::Formatter<'_>, path: &Path, error: &io::Error) -> fmt::Result {
    write!(out, "cannot run {}: {error}", path.display())?;
    if error.kind() == io::ErrorKind::NotFound {
        write!(out, "\n  hint: the file exists, but its interpreter or loader does not")?;
    }
    Ok(())
}

fn explain_refusal(out: &mut fmt::Formatter<'_>, program: &Path, suspect: &Suspect) -> fmt::Result {
    write!(out, "refused to run {}: it would bypass the proxy", program.display())?;
    if program != suspect.path {
        write!(out, "\n  it is interpreted by {}", suspect.path.display())?;
    }
    write!(
        out,
        "\n  reason: {}\n  hint: {}\n        or run it with its connections unproxied: --allow-bypass",
        suspect.bypass,
        suspect.bypass.hint()
    )
}
