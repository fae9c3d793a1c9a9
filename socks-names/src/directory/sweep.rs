//! Removes the tables of runs that have ended.
//!
//! A run cannot remove its table: the command takes the place of socksify, and its descendants may outlive it. So
//! each new run looks whether many were left behind, which costs it one look at the directory.

use std::fmt;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, SystemTime};

use super::holders;
use crate::file::{self, UNFINISHED};

/// So many files of ended runs are not worth a look at every process.
const KEPT: usize = 32;

/// Files are created within milliseconds; an unfinished one of this age was left by a process that was killed.
const ABANDONED: Duration = Duration::from_secs(600);

const PREFIX: &str = "names";

/// The run a table belongs to, as its file's name tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Run {
    /// The process that started it.
    pub(super) process: u32,
    /// The namespace that number is of, 0 if unknown. Every process that can hold the table is seen from there.
    namespace: u64,
    /// When it began, in hundredths of a second since the system started.
    pub(super) began: u64,
    random: u64,
}

impl Run {
    /// A new run of this process.
    pub(super) fn new() -> Run {
        let (process, namespace) = (process::id(), holders::namespace().unwrap_or(0));
        Run { process, namespace, began: holders::uptime().unwrap_or(0), random: file::unique() }
    }

    pub(super) fn parse(name: &str) -> Option<Run> {
        let mut parts = name.strip_prefix(PREFIX)?.strip_prefix('-')?.split('-');
        let run = Run {
            process: parts.next()?.parse().ok()?,
            namespace: parts.next()?.parse().ok()?,
            began: parts.next()?.parse().ok()?,
            random: u64::from_str_radix(parts.next()?, 16).ok()?,
        };
        (run.to_string() == name).then_some(run)
    }

    fn has_ended(self, namespace: u64) -> bool {
        self.namespace == namespace && !Path::new("/proc").join(self.process.to_string()).exists()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Run { process, namespace, began, random } = self;
        write!(f, "{PREFIX}-{process}-{namespace}-{began}-{random:016x}")
    }
}

/// Removes the tables of runs that have ended, once there are more than 32 of them; returns how many files it removed.
///
/// A table goes only if the process that asked for its name has ended and no process of this user maps it or has
/// its path in the environment. Where /proc does not tell, nothing is removed.
pub fn sweep(directory: &Path) -> usize {
    let Some(namespace) = holders::namespace() else { return 0 };
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let entries: Vec<DirEntry> = entries.flatten().collect();
    if entries.len() <= KEPT {
        return 0;
    }
    let mut ended = entries.iter().filter_map(run).filter(|run| run.has_ended(namespace)).collect::<Vec<_>>();
    if ended.len() > KEPT {
        holders::retain_unheld(&mut ended);
    } else {
        ended.clear();
    }
    let tables = ended.iter().map(|run| directory.join(run.to_string()));
    let unfinished = entries.iter().filter(|entry| is_abandoned(entry)).map(DirEntry::path);
    tables.chain(unfinished).filter(removed).count()
}

fn run(entry: &DirEntry) -> Option<Run> {
    Run::parse(entry.file_name().to_str()?)
}

fn is_abandoned(entry: &DirEntry) -> bool {
    let unfinished = entry.file_name().to_str().is_some_and(|name| name.ends_with(UNFINISHED));
    unfinished && age(entry).is_some_and(|age| age > ABANDONED)
}

fn age(entry: &DirEntry) -> Option<Duration> {
    SystemTime::now().duration_since(entry.metadata().ok()?.modified().ok()?).ok()
}

fn removed(path: &PathBuf) -> bool {
    fs::remove_file(path).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_run() {
        let run = Run::new();
        assert_eq!(run.process, process::id());
        assert_eq!(Run::parse(&run.to_string()), Some(run));
    }

    #[test]
    fn runs_of_one_process_differ() {
        assert_ne!(Run::new(), Run::new());
    }

    #[test]
    fn other_names_are_no_run() {
        let name = Run::new().to_string();
        for other in ["names", "names-1", "names-1-2-3-zz", "user-198.18.0.0-15", &format!("{name}.new")] {
            assert_eq!(Run::parse(other), None, "{other}");
        }
    }
}
