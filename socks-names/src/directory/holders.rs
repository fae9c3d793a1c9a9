//! Which processes hold tables, as /proc tells.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::sweep::Run;
use crate::mapping::calls;

/// The variable that passes a table's path to the processes of a run.
const VARIABLE: &[u8] = b"SOCKSIFY_NAMES=";

/// Which namespace our process numbers are of: the inode of `/proc/self/ns/pid`.
pub(super) fn namespace() -> Option<u64> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    link.to_str()?.strip_prefix("pid:[")?.strip_suffix(']')?.parse().ok()
}

/// Hundredths of a second since the system started, from `/proc/uptime`.
pub(super) fn uptime() -> Option<u64> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = text.split(' ').next()?.split_once('.')?;
    Some(seconds.parse::<u64>().ok()? * 100 + hundredths.parse::<u64>().ok()?)
}

/// Keeps of some ended runs those whose tables no process holds.
///
/// A process forked behind the eye that passes over /proc, by one it has not reached and that is gone when it
/// arrives, is seen the second time.
pub(super) fn retain_unheld(runs: &mut Vec<Run>) {
    for _ in 0..2 {
        let Ok(entries) = fs::read_dir("/proc") else { return runs.clear() };
        for process in entries.flatten().filter(|entry| is_number(&entry.file_name())) {
            if runs.is_empty() {
                return;
            }
            let held = Held::by(&process.path());
            runs.retain(|run| !held.includes(run));
        }
    }
}

fn is_number(name: &OsStr) -> bool {
    name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
}

/// What one process holds.
enum Held {
    /// Files of these names.
    Files(HashSet<Vec<u8>>),
    /// It is the user's, but lets nobody see; it began at this time and can hold no table of a later run, as the
    /// path comes with the fork or with socksify itself.
    Unknown {
        began: u64,
    },
    Nothing,
}

impl Held {
    fn by(process: &Path) -> Held {
        let (maps, environment) = (fs::read(process.join("maps")), fs::read(process.join("environ")));
        match (maps, environment) {
            (Ok(maps), Ok(environment)) => Held::Files(mapped(&maps).chain(passed(&environment)).collect()),
            (Err(error), _) | (_, Err(error)) if error.kind() == ErrorKind::PermissionDenied => {
                match is_ours(process) {
                    true => Held::Unknown { began: began(process).unwrap_or(u64::MAX) },
                    false => Held::Nothing,
                }
            }
            _ => Held::Nothing,
        }
    }

    fn includes(&self, run: &Run) -> bool {
        match self {
            Held::Files(names) => names.contains(run.to_string().as_bytes()),
            Held::Unknown { began } => *began >= run.began,
            Held::Nothing => false,
        }
    }
}

/// The names of the files in `/proc/PID/maps`; a removed one has " (deleted)" after it and is none of ours.
fn mapped(maps: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    maps.split(|&byte| byte == b'\n').filter_map(file_name)
}

/// The name of the file that `/proc/PID/environ` passes on.
fn passed(environment: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    environment.split(|&byte| byte == 0).filter_map(|entry| file_name(entry.strip_prefix(VARIABLE)?))
}

fn file_name(path: &[u8]) -> Option<Vec<u8>> {
    let slash = path.iter().rposition(|&byte| byte == b'/')?;
    path.get(slash + 1..).map(<[u8]>::to_vec)
}

/// True if a process acts for our user, by any of its four user numbers: one that hides from ptrace(2) looks like
/// root's in all but `/proc/PID/status`.
fn is_ours(process: &Path) -> bool {
    let status = fs::read_to_string(process.join("status")).unwrap_or_default();
    let user = calls::effective_user().to_string();
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    users.is_some_and(|users| users.split_whitespace().any(|number| number == user))
}

/// When a process began: field 22 of `/proc/PID/stat`, the twentieth after the command in parentheses.
fn began(process: &Path) -> Option<u64> {
    let stat = fs::read(process.join("stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    #[test]
    fn a_mapped_file_and_one_in_the_environment_are_seen() {
        let maps =
            b"7f00-7f01 rw-s 00000000 00:1b 7   /run/user/0/socksify/names-1\n7f01-7f02 rw-p 0 00:00 0 \n";
        assert_eq!(mapped(maps).collect::<Vec<_>>(), [b"names-1"]);
        let environment = b"PATH=/usr/bin\0SOCKSIFY_NAMES=/run/user/0/socksify/names-2\0OTHER=/names-3\0";
        assert_eq!(passed(environment).collect::<Vec<_>>(), [b"names-2"]);
    }

    #[test]
    fn our_own_process_is_ours_and_began_before_now() {
        let process = Path::new("/proc").join(process::id().to_string());
        assert!(is_ours(&process));
        assert!(began(&process).unwrap() <= uptime().unwrap());
        assert!(began(&process).unwrap() + 360_000 > uptime().unwrap());
    }

    #[test]
    fn a_process_that_hides_may_hold_the_tables_of_earlier_runs_only() {
        let run = Run::new();
        assert!(Held::Unknown { began: u64::MAX }.includes(&run));
        assert!(!Held::Unknown { began: 0 }.includes(&run));
    }
}
