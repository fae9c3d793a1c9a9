//! Whether the command's connections would really pass through us, decided before it runs.
//!
//! A program that the library cannot be loaded into, or that does not call the C library to connect, would reach
//! the network directly and nobody would notice. So each is looked at, scripts down to their interpreter.

use crate::elf::{self, Format, Image};
use crate::privilege::Caller;
use crate::script::{self, Interpreter};
use crate::search;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Scripts interpreted by scripts: as many as the kernel follows.
const MAX_INTERPRETERS: usize = 4;

/// Why a program would not pass through us.
#[derive(Debug)]
pub(crate) enum Bypass {
    /// It loads no libraries.
    Static,
    /// The Go runtime makes system calls itself.
    Go,
    /// It is for another machine than our library.
    Machine {
        /// The program's format.
        is: Format,
        /// Our library's.
        ours: Format,
    },
    /// It is loaded by another C library's loader.
    Loader(PathBuf),
    /// It is setuid to this user.
    SetUser(u32),
    /// It is setgid to this group.
    SetGroup(u32),
    /// It has file capabilities.
    Capabilities,
    /// We run with different real and effective ids.
    DifferentIds,
    /// It may be executed, but not looked into.
    Unreadable(io::Error),
    /// Its headers are not those of a program.
    Malformed,
    /// Its script interpreters are scripts again, too often.
    Interpreters,
}

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
    Inspection { caller: Caller::ours(), search_path: search_path.map(OsStr::to_owned) }.program(path, 0)
}

struct Inspection {
    caller: Caller,
    search_path: Option<OsString>,
}

impl Inspection {
    fn program(&self, path: &Path, interpreters: usize) -> Option<Suspect> {
        let suspect = |bypass| Some(Suspect { path: path.to_owned(), bypass });
        if interpreters > MAX_INTERPRETERS {
            return suspect(Bypass::Interpreters);
        }
        let head = match elf::head(path) {
            Ok(head) => head,
            // Exec will fail, and that message is the better one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return suspect(Bypass::Unreadable(error)),
        };
        if let Some(format) = Format::of(&head) {
            return self.binary(path, format).and_then(suspect);
        }
        if let Some(interpreter) = Interpreter::of(&head) {
            return self.script(&interpreter, interpreters + 1);
        }
        if head.contains(&0) {
            return suspect(Bypass::Malformed);
        }
        self.program(script::default_interpreter(), interpreters + 1)
    }

    /// A script is what its interpreter is; env(1) starts another one.
    fn script(&self, interpreter: &Interpreter, interpreters: usize) -> Option<Suspect> {
        self.program(&interpreter.path, interpreters).or_else(|| {
            let started = interpreter.started_by_env()?;
            let path = search::find(&started, self.search_path.clone()).ok()?;
            self.program(&path, interpreters)
        })
    }

    fn binary(&self, path: &Path, format: Format) -> Option<Bypass> {
        match self.readable_binary(path, format) {
            Ok(bypass) => bypass,
            Err(error) => Some(Bypass::Unreadable(error)),
        }
    }

    fn readable_binary(&self, path: &Path, format: Format) -> io::Result<Option<Bypass>> {
        let ours = Format::ours()?;
        if format != ours {
            return Ok(Some(Bypass::Machine { is: format, ours }));
        }
        let distrusted = self.caller.distrusted(path, &fs::metadata(path)?);
        if distrusted.is_some() {
            return Ok(distrusted);
        }
        let image = Image::read(File::open(path)?);
        Ok(image.map_or(Some(Bypass::Malformed), |image| unhookable(&image)))
    }
}

fn unhookable(image: &Image) -> Option<Bypass> {
    if !image.is_loadable {
        return Some(Bypass::Malformed);
    }
    if image.holds_go {
        return Some(Bypass::Go);
    }
    match &image.loader {
        None => Some(Bypass::Static),
        Some(loader) if is_glibc(loader) => None,
        Some(loader) => Some(Bypass::Loader(loader.clone())),
    }
}

/// The loaders of the GNU C library, whose symbols and versions our library is linked against.
fn is_glibc(loader: &Path) -> bool {
    let name = loader.file_name().unwrap_or_default().as_bytes();
    [&b"ld-linux"[..], b"ld64.so", b"ld.so"].iter().any(|prefix| name.starts_with(prefix))
}

impl fmt::Display for Bypass {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bypass::Static => write!(out, "it is statically linked: no library can be preloaded into it"),
            Bypass::Go => {
                write!(out, "it is a Go program: these make system calls themselves, past every library")
            }
            Bypass::Machine { is, ours } => {
                write!(out, "it is a {is} program: our library is {ours} and cannot be loaded into it")
            }
            Bypass::Loader(loader) => {
                write!(out, "it is loaded by {}: our library is made for the GNU C library", loader.display())
            }
            Bypass::SetUser(user) => {
                write!(out, "it is setuid to user {user}: the loader ignores LD_PRELOAD for such programs")
            }
            Bypass::SetGroup(group) => {
                write!(out, "it is setgid to group {group}: the loader ignores LD_PRELOAD for such programs")
            }
            Bypass::Capabilities => {
                write!(out, "it has file capabilities: the loader ignores LD_PRELOAD for such programs")
            }
            Bypass::DifferentIds => write!(
                out,
                "socksify runs with different real and effective user or group ids: the loader then ignores LD_PRELOAD"
            ),
            Bypass::Unreadable(error) => write!(out, "it cannot be looked into ({error})"),
            Bypass::Malformed => write!(out, "it is neither a script nor a program this machine can load"),
            Bypass::Interpreters => {
                write!(out, "it is interpreted by scripts in more than {MAX_INTERPRETERS} levels")
            }
        }
    }
}

impl Bypass {
    /// What the user can do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Bypass::Static | Bypass::Loader(_) => {
                "use a build of it that is dynamically linked with this system's C library, or its own proxy options"
            }
            Bypass::Go => {
                "many Go programs read ALL_PROXY or HTTPS_PROXY, for example HTTPS_PROXY=socks5://HOST:PORT"
            }
            Bypass::Machine { .. } => "use a build of it for this machine, or a socksify built for that one",
            Bypass::SetUser(_) | Bypass::SetGroup(_) | Bypass::DifferentIds => {
                "become that user first and start socksify then, as in: sudo socksify COMMAND"
            }
            Bypass::Capabilities => {
                "use a copy of it without capabilities (cp drops them), or start socksify as root"
            }
            Bypass::Unreadable(_) => "give yourself read permission, or use a copy you can read",
            Bypass::Malformed | Bypass::Interpreters => {
                "start the program that is to interpret it: socksify PROGRAM FILE"
            }
        }
    }
}

impl fmt::Display for Suspect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.path.display(), self.bypass)
    }
}
