//! Whether the library takes a connection from a program: this one, started anew with the library, connects to an
//! address that nobody has, and a proxy made for that moment hears of it.

use super::finding::{Findings, Verdict};
use crate::environment::{Environment, PRELOAD};
use crate::error::Error;
use crate::{library, program};
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// For documentation, never assigned (RFC 5737).
const NOBODY: &str = "192.0.2.1:9";
const PATIENCE: Duration = Duration::from_secs(10);

/// What is wrong with a library that the loader takes, or does not.
const NOT_LOADED: u8 = 3;

/// What the program started anew does. Without the library in it nothing is sent.
pub(crate) fn probe(target: &str) -> u8 {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let preloaded = std::env::var_os(PRELOAD).unwrap_or_default();
    let first = preloaded.to_string_lossy().split(':').next().map(str::to_owned).unwrap_or_default();
    if first.is_empty() || !maps.contains(&first) {
        return NOT_LOADED;
    }
    if let Ok(target) = target.parse::<SocketAddr>() {
        let _ = TcpStream::connect_timeout(&target, PATIENCE);
    }
    0
}

pub(crate) fn examine(
    library: &Path,
    environment: &Environment,
    findings: &mut Findings,
) -> Result<(), Error> {
    let ours = std::env::current_exe().map_err(Error::System)?;
    let what = "library";
    if let Some(suspect) = program::suspect(&ours, None) {
        return findings.add(what, Verdict::Skipped, format!("no program to try it with: {suspect}"), None);
    }
    let started = Instant::now();
    match interception(&ours, library, environment) {
        Ok(()) => findings.add(
            what,
            Verdict::Works,
            "a connection of a test program reached us",
            Some(started.elapsed()),
        ),
        Err(fault) => findings.add(what, Verdict::Failed, fault, None),
    }
}

fn interception(ours: &PathBuf, library: &Path, environment: &Environment) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let place = listener.local_addr().map_err(|error| error.to_string())?;
    let mut environment = environment.clone();
    environment.name_proxies(&format!("socks5://{place}"));
    environment.set(PRELOAD, library::preload(library, environment.variable(PRELOAD)));
    let mut command = Command::new(ours);
    command.args(["--probe", NOBODY]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    environment.apply(&mut command);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let greeted = listener.accept().is_ok_and(|(mut stream, _)| {
            let mut first = [0];
            stream.read_exact(&mut first).is_ok() && first == [5]
        });
        let _ = send.send(greeted);
    });
    let ended = wait(&mut child, &receive);
    // The listening thread ends with its first connection, whoever makes it.
    let _ = TcpStream::connect(place);
    ended
}

/// Waits for the greeting, or for the program to end without one.
fn wait(child: &mut Child, greeting: &mpsc::Receiver<bool>) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    let verdict = loop {
        let ended = child.try_wait().map_err(|error| error.to_string())?;
        match greeting.recv_timeout(Duration::from_millis(20)) {
            Ok(true) => break Ok(()),
            Ok(false) => break Err("something that is not SOCKS came from the test program".to_owned()),
            Err(_) => {}
        }
        match ended {
            Some(status) if status.code() == Some(i32::from(NOT_LOADED)) => {
                break Err("the loader does not load it into a test program".to_owned());
            }
            Some(_) => break Err("a connection of a test program did not reach us".to_owned()),
            None if Instant::now() > deadline => break Err("a test program does not end".to_owned()),
            None => {}
        }
    };
    let _ = child.kill();
    let _ = child.wait();
    verdict
}
