//! Exit statuses, as env(1) has them.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// The command ran, or there was nothing to run.
pub(crate) const SUCCESS: u8 = 0;
/// `--check` found a fault.
pub(crate) const FAULT_FOUND: u8 = 1;
/// We failed ourselves.
pub(crate) const OUR_FAILURE: u8 = 125;
/// The command was found, but not run.
pub(crate) const NOT_RUN: u8 = 126;
/// The command was not found.
pub(crate) const NOT_FOUND: u8 = 127;

/// The status to end with for a command that ended like this: a signal counts from 128, as in a shell.
pub(crate) fn passed_on(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => code as u8,
        (None, Some(signal)) => 128 + signal as u8,
        (None, None) => OUR_FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_counts_from_128() {
        assert_eq!(passed_on(ExitStatus::from_raw(0)), 0);
        assert_eq!(passed_on(ExitStatus::from_raw(7 << 8)), 7);
        assert_eq!(passed_on(ExitStatus::from_raw(libc::SIGTERM)), 143);
        assert_eq!(passed_on(ExitStatus::from_raw(libc::SIGSEGV | 0x80)), 139);
    }
}
