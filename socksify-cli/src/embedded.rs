//! `--embedded`: a proxy of our own, in this process, for one command.
//!
//! The command cannot take our place this time, so we have to be invisible between it and whoever started us: signals
//! sent to us are passed on, the terminal's reach the command by themselves, a command that stops stops us, and its
//! exit status becomes ours.

use crate::args::Arguments;
use crate::environment::Environment;
use crate::error::Error;
use crate::exit;
use crate::launch::Launch;
use crate::message;
use crate::proxy_log;
use crate::sys::{self, Arrival, HeldSignals};
use socksd::{Options, Server, Users};
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::thread;

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

/// A proxy that serves until this process ends.
pub(crate) struct Embedded {
    signals: HeldSignals,
    url: String,
}

impl Embedded {
    /// Starts the proxy on a free port, for those who know the password of this run.
    pub(crate) fn start(arguments: &Arguments) -> Result<Embedded, Error> {
        // Held back before there is a second thread, so that no other thread takes them.
        let signals = hold_signals().map_err(Error::System)?;
        let secret = secret().map_err(Error::System)?;
        proxy_log::start(arguments)?;
        let server = Server::bind(options(&secret)).map_err(Error::Embedded)?;
        let url = format!("socks5h://{secret}@{}", server.local_addrs()[0]);
        thread::Builder::new().name("socksd".into()).spawn(move || serve(server)).map_err(Error::System)?;
        Ok(Embedded { signals, url })
    }

    /// The proxy's URL, with user name and password.
    pub(crate) fn url(&self) -> &str {
        &self.url
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

/// If the proxy gives up, the command's connections are refused: it stays closed, but the user should know why.
fn serve(server: Server) {
    if let Err(error) = server.run_blocking(std::future::pending()) {
        message::warn(&format_args!("the proxy has stopped: {error}"));
    }
}

fn hold_signals() -> io::Result<HeldSignals> {
    sys::reset_signal(libc::SIGCHLD);
    HeldSignals::hold(&[PASSED_ON, &[libc::SIGCHLD]].concat())
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

fn options(secret: &str) -> Options {
    let mut users = Users::default();
    users.add_lines(secret).expect("two words of hexadecimal digits");
    Options {
        listen: vec![(Ipv4Addr::LOCALHOST, 0).into()],
        users,
        max_connections_per_host: None,
        ..Options::default()
    }
}

/// `NAME:PASSWORD`, so that no other user of this machine can use the proxy.
fn secret() -> io::Result<String> {
    let mut bytes = [0; 24];
    sys::fill_random(&mut bytes)?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (name, password) = digits.split_at(16);
    Ok(format!("{name}:{password}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_its_own_secret() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert_ne!(one, other);
        assert_eq!((one.len(), one.find(':')), (49, Some(16)));
    }

    #[test]
    fn only_loopback_with_the_secret_is_served() {
        let options = options("name:password");
        assert!(options.listen.iter().all(|address| address.ip().is_loopback()));
        assert!(!options.users.is_empty());
    }
}
