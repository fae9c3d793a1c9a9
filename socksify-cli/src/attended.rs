//! Running the command as a child, while we have something to do beside it.
//!
//! The command cannot take our place this time, so we have to be invisible between it and whoever started us: signals
//! sent to us are passed on, the terminal's reach the command by themselves, a command that stops stops us, and its
//! exit status becomes ours.

use crate::environment::Environment;
use crate::error::Error;
use crate::exit;
use crate::launch::Launch;
use crate::sys::{self, Arrival, HeldSignals};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// Signals that end or stop a process or mean something to it, when somebody sends them to us.
const PASSED_ON: &[libc::c_int] = &[
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGWINCH,
    libc::SIGCONT,
];

/// A command that is waited for.
pub(crate) struct Attended {
    signals: HeldSignals,
}

impl Attended {
    /// Prepares for it, before there is a second thread that could take the signals.
    pub(crate) fn prepare() -> Result<Attended, Error> {
        sys::reset_signal(libc::SIGCHLD);
        let signals = HeldSignals::hold(&[PASSED_ON, &[libc::SIGCHLD]].concat()).map_err(Error::System)?;
        Ok(Attended { signals })
    }

    /// Runs the command to its end and returns its exit status.
    pub(crate) fn run(&self, launch: &Launch, environment: &Environment) -> Result<u8, Error> {
        let mut command = launch.command(environment);
        self.signals.release_in(&mut command);
        let child = command.spawn().map_err(|error| launch.not_executable(error))?;
        let status = self.wait(child.id() as libc::pid_t).map_err(Error::System)?;
        Ok(exit::passed_on(status))
    }

    fn wait(&self, child: libc::pid_t) -> io::Result<ExitStatus> {
        loop {
            match self.signals.next() {
                Ok(Arrival { signal: libc::SIGCHLD, .. }) => {}
                Ok(arrival) => pass_on(arrival, child),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if let Some(status) = sys::child_status(child)? {
                if status.stopped_signal().is_none() {
                    return Ok(status);
                }
                sys::stop_ourselves();
            }
        }
    }
}

/// The terminal signals the command as well as us, and the command need not hear from us what it sent to all its
/// group. Waking up is the exception: we may have been the only one to be woken.
fn pass_on(arrival: Arrival, child: libc::pid_t) {
    let came_from_others = arrival.sender.is_some_and(|sender| sender != child);
    if came_from_others || arrival.signal == libc::SIGCONT {
        // It fails only for a command that has ended, which the next look at its status shows.
        let _ = sys::send_signal(child, arrival.signal);
    }
}
