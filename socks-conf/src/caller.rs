//! Whose calls a route is about: which programs', and which users'.

use std::fmt;
use std::path::{Path, PathBuf};

/// The process that makes a call, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Process<'a> {
    /// The file it was started as: of a script the script, of a symbolic link the link.
    pub started_as: Option<&'a Path>,
    /// The file that runs: of a script the interpreter, of a symbolic link what it leads to.
    pub executable: Option<&'a Path>,
    /// The effective user ID.
    pub user: Option<u32>,
}

/// The programs and users a route is about; where none is named, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callers {
    /// The programs, of which one must match.
    pub programs: Vec<Program>,
    /// The users, of which one must match.
    pub users: Vec<User>,
}

/// A program: the last component of its path, or the whole path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(PathBuf);

/// A user, by name or number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// As it was written.
    pub written: String,
    /// The user ID; of a name only [`load`](crate::load) finds it out.
    pub id: Option<u32>,
}

impl Callers {
    /// Whether every process is meant.
    pub fn is_everybody(&self) -> bool {
        self.programs.is_empty() && self.users.is_empty()
    }

    /// Whether `process` is of one of these programs; `None` where that is not known.
    pub(crate) fn include_program_of(&self, process: &Process<'_>) -> Option<bool> {
        if self.programs.is_empty() {
            return Some(true);
        }
        let mut known = [process.started_as, process.executable].into_iter().flatten().peekable();
        known.peek()?;
        Some(known.any(|path| self.programs.iter().any(|program| program.is(path))))
    }

    /// Whether `process` is of one of these users; `None` where that is not known.
    pub(crate) fn include_user_of(&self, process: &Process<'_>) -> Option<bool> {
        if self.users.is_empty() {
            return Some(true);
        }
        let ours = process.user?;
        match self.users.iter().any(|user| user.id == Some(ours)) {
            false if self.users.iter().any(|user| user.id.is_none()) => None,
            included => Some(included),
        }
    }

    /// Whether every process that `other` means is meant here, too.
    pub(crate) fn cover(&self, other: &Callers) -> bool {
        covers(&self.programs, &other.programs) && covers(&self.users, &other.users)
    }
}

fn covers<T: PartialEq>(ours: &[T], theirs: &[T]) -> bool {
    ours.is_empty() || !theirs.is_empty() && theirs.iter().all(|their| ours.contains(their))
}

impl Program {
    /// A name such as `curl`, or an absolute path; nothing else can be compared with the file of a process.
    pub(crate) fn new(text: &str) -> Option<Program> {
        let is_name = !text.contains('/') && !matches!(text, "" | "." | "..");
        let is_file = text.starts_with('/') && !text.ends_with('/');
        (is_name || is_file).then(|| Program(PathBuf::from(text)))
    }

    fn is(&self, path: &Path) -> bool {
        if self.0.is_absolute() { path == self.0 } else { path.file_name() == Some(self.0.as_os_str()) }
    }
}

impl User {
    /// A number, or a name that passwd(5) could have.
    pub(crate) fn new(text: &str) -> Option<User> {
        let id = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok());
        let name = !text.is_empty() && !text.contains(|c: char| c == ':' || c == ',' || c.is_whitespace());
        let is_user = id.map_or(name, |id| id.is_some_and(|id| id != u32::MAX));
        is_user.then(|| User { written: text.to_owned(), id: id.flatten() })
    }

    /// The user ID that `passwd`, the text of passwd(5), has for `name`.
    pub fn find(passwd: &[u8], name: &str) -> Option<u32> {
        passwd.split(|byte| *byte == b'\n').find_map(|line| {
            let mut fields = line.split(|byte| *byte == b':');
            if fields.next() != Some(name.as_bytes()) {
                return None;
            }
            std::str::from_utf8(fields.nth(1)?).ok()?.parse().ok()
        })
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// ` of curl, git, user alice`: what a description of a route says of its callers; nothing where it is about all.
impl fmt::Display for Callers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let programs = self.programs.iter().map(ToString::to_string);
        let users = self.users.iter().map(|user| format!("user {user}"));
        let all: Vec<String> = programs.chain(users).collect();
        if all.is_empty() { Ok(()) } else { write!(f, " of {}", all.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &[u8] =
        b"root:x:0:0:root:/root:/bin/sh\n+::::::\nbad\nalice:x:1000:1000::/home/alice:/bin/sh";

    #[test]
    fn users_of_the_file() {
        assert_eq!(User::find(PASSWD, "alice"), Some(1000));
        assert_eq!(User::find(PASSWD, "root"), Some(0));
        for absent in ["", "al", "bad", "+", "x"] {
            assert_eq!(User::find(PASSWD, absent), None, "{absent}");
        }
    }

    #[test]
    fn what_can_be_a_user() {
        assert_eq!(User::new("1000").and_then(|user| user.id), Some(1000));
        assert_eq!(User::new("alice").map(|user| user.id), Some(None));
        for wrong in ["", "4294967295", "99999999999", "a b", "a:b", "a,b"] {
            assert_eq!(User::new(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_program_is_known_by_its_name_its_path_and_that_of_its_link() {
        let callers = |text| Callers { programs: vec![Program::new(text).unwrap()], users: Vec::new() };
        let process = Process {
            started_as: Some(Path::new("/usr/bin/nc")),
            executable: Some(Path::new("/usr/bin/nc.openbsd")),
            user: None,
        };
        for name in ["nc", "nc.openbsd", "/usr/bin/nc", "/usr/bin/nc.openbsd"] {
            assert_eq!(callers(name).include_program_of(&process), Some(true), "{name}");
        }
        for other in ["n", "nc.", "/bin/nc", "bin"] {
            assert_eq!(callers(other).include_program_of(&process), Some(false), "{other}");
        }
        assert_eq!(callers("nc").include_program_of(&Process::default()), None);
        for wrong in ["", "bin/nc", "./nc", "/usr/bin/", "..", "~/nc"] {
            assert_eq!(Program::new(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn who_covers_whom() {
        let of = |programs: &[&str]| Callers {
            programs: programs.iter().map(|name| Program::new(name).unwrap()).collect(),
            users: Vec::new(),
        };
        assert!(of(&[]).cover(&of(&["a"])));
        assert!(of(&["a", "b"]).cover(&of(&["b"])));
        assert!(!of(&["a"]).cover(&of(&[])));
        assert!(!of(&["a"]).cover(&of(&["a", "b"])));
    }
}
