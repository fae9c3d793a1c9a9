//! Why a program would bypass the proxy, and what the user can do about it.

use crate::format::Format;
use crate::inspection::MOST_INTERPRETERS;
use crate::text::Text;
use std::fmt;
use std::io;

/// Why a program would not pass through us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bypass {
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
    Loader(Text),
    /// It is setuid to this user.
    SetUser(u32),
    /// It is setgid to this group.
    SetGroup(u32),
    /// It has file capabilities.
    Capabilities,
    /// Whoever starts it has different real and effective ids.
    DifferentIds,
    /// It may be executed, but not looked into; the errno.
    Unreadable(i32),
    /// Its headers are not those of a program.
    Malformed,
    /// Its script interpreters are scripts again, too often.
    Interpreters,
    /// The loader would not find our library there; the errno.
    NoLibrary(i32),
}

/// A program that would bypass us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspect {
    /// The file at fault, where it is not the program itself but what interprets it.
    pub interpreter: Option<Text>,
    /// The reason.
    pub bypass: Bypass,
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
                write!(out, "it is loaded by {loader}: our library is made for the GNU C library")
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
                "it would run with different real and effective user or group ids: the loader then ignores LD_PRELOAD"
            ),
            Bypass::Unreadable(errno) => {
                write!(out, "it cannot be looked into ({})", io::Error::from_raw_os_error(*errno))
            }
            Bypass::Malformed => write!(out, "it is neither a script nor a program this machine can load"),
            Bypass::Interpreters => {
                write!(out, "it is interpreted by scripts in more than {MOST_INTERPRETERS} levels")
            }
            Bypass::NoLibrary(errno) => {
                write!(out, "it could not load our library ({})", io::Error::from_raw_os_error(*errno))
            }
        }
    }
}

impl Bypass {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
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
            Bypass::NoLibrary(_) => "put libsocksify.so where every user and every root directory has it",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_and_hints_are_lines_without_an_end() {
        let errno = libc::EACCES;
        for bypass in [
            Bypass::Static,
            Bypass::Loader(Text::new(b"/x")),
            Bypass::Unreadable(errno),
            Bypass::NoLibrary(errno),
        ] {
            let reason = bypass.to_string();
            assert!(
                reason.starts_with("it ") && !reason.ends_with('.') && !reason.contains('\n'),
                "{reason}"
            );
            assert!(!bypass.hint().is_empty());
        }
    }
}
