//! `socksd --connections`: what a running proxy has to tell, and where it tells it.

use std::io::{self, Write, stdout};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use log::debug;
use rustix::process::geteuid;
use socksd::args::Args;
use socksd::connections::{List, ask, parse};
use socksd::{Control, Server};

use crate::error::Error;

/// How often the table is drawn anew.
const INTERVAL: Duration = Duration::from_secs(2);

/// Clears the terminal.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Shows the connections of a running proxy.
pub(crate) fn show(args: &Args) -> Result<(), Error> {
    let path = match &args.control {
        Some(path) => path.clone(),
        None => usual_path(args.listen.first().map_or(1080, SocketAddr::port)),
    };
    loop {
        let text = answer(&path, args).map_err(|error| Error::Control { path: path.clone(), error })?;
        let clear = if args.watch { CLEAR } else { "" };
        // Whoever reads no more has seen enough.
        if write!(stdout(), "{clear}{text}").and_then(|()| stdout().flush()).is_err() || !args.watch {
            return Ok(());
        }
        sleep(INTERVAL);
    }
}

fn answer(path: &Path, args: &Args) -> io::Result<String> {
    let text = ask(path)?;
    if args.json { Ok(text) } else { Ok(List(&parse(&text)?).to_string()) }
}

/// Opens the control socket: the one asked for, or else the usual one, without which the proxy works as well.
pub(crate) fn open(server: &mut Server, args: &Args) -> Result<(), Error> {
    let asked = args.control.clone();
    let path =
        asked.clone().unwrap_or_else(|| usual_path(server.local_addr().map_or(1080, |own| own.port())));
    if asked.is_none() {
        make_directory(&path);
    }
    match Control::open(&path) {
        Ok(control) => server.control(control),
        Err(error) if asked.is_some() => return Err(Error::Control { path, error }),
        Err(error) => debug!("no control socket at {}: {error}", path.display()),
    }
    Ok(())
}

/// One for each port, in the directory that systemd gives, the system's own, or the user's.
fn usual_path(port: u16) -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = variable("RUNTIME_DIRECTORY").unwrap_or_else(|| {
        let system = || PathBuf::from("/run");
        let base =
            if geteuid().is_root() { system() } else { variable("XDG_RUNTIME_DIR").unwrap_or_else(system) };
        base.join("socksd")
    });
    directory.join(format!("{port}.control"))
}

fn make_directory(path: &Path) {
    use std::os::unix::fs::DirBuilderExt;
    if let Some(directory) = path.parent() {
        // What fails here fails again, and is said, when the socket is opened.
        let _ = std::fs::DirBuilder::new().mode(0o700).create(directory);
    }
}
