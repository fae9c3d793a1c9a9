//! What this process uses (proc(5)); tests that look take turns.

use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The process for one test alone.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Open descriptors.
pub(crate) fn descriptors() -> usize {
    // The directory that is read is one of them.
    fs::read_dir("/proc/self/fd").unwrap().count() - 1
}

/// Memory in use, in KiB.
pub(crate) fn memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim_end_matches("kB").trim().parse().unwrap()
}

/// As many descriptors as are wanted, or as the system lets this user have; how many that is.
pub(crate) fn room_for_descriptors(wanted: u64) -> u64 {
    let most = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let set =
        |limit| setrlimit(Resource::Nofile, Rlimit { current: Some(limit), maximum: Some(limit.max(most)) });
    if set(wanted).is_ok() {
        return wanted;
    }
    set(most).unwrap();
    most
}
