//! What resolves names for the programs of a host, outside of their processes and so past every hook: the sockets of nscd,
//! systemd-resolved and avahi, at which nobody answers and everything asked is noted.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

use crate::error::{Error, file, system};
use crate::plan::NAME_PROXY;
use crate::scratch::Scratch;

/// Their sockets below `/run`.
const SOCKETS: [&str; 3] = ["nscd/socket", "systemd/resolve/io.systemd.Resolve", "avahi-daemon/socket"];

/// What we say ourselves: everybody who came before has been heard when this has.
const MARK: &[u8] = b"no question";

/// The requests of nscd that are about hosts: GETHOSTBYNAME to GETHOSTBYADDRv6, and GETAI. Others ask for users and
/// groups, which are no business of ours.
const ABOUT_HOSTS: [u32; 5] = [4, 5, 6, 7, 14];

/// The daemons of one host, listening until dropped.
pub struct Daemons {
    run: PathBuf,
    listeners: Vec<(UnixListener, JoinHandle<()>)>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Daemons {
    /// Lets them listen in a directory that is to be a host's `/run`.
    pub fn start(scratch: &Scratch) -> Result<Daemons, Error> {
        let run = scratch.directory("run")?;
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let mut listeners = Vec::new();
        for socket in SOCKETS {
            let path = run.join(socket);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(file(parent))?;
            }
            let listener = UnixListener::bind(&path).map_err(file(&path))?;
            fs::set_permissions(&path, Permissions::from_mode(0o777)).map_err(file(&path))?;
            let accepting = listener.try_clone().map_err(system("copy a descriptor"))?;
            let heard = heard.clone();
            listeners.push((listener, thread::spawn(move || listen(&accepting, socket, &heard))));
        }
        Ok(Daemons { run, listeners, heard })
    }

    /// The directory with their sockets.
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// What they have been asked since the last call.
    pub fn take(&self) -> Result<Vec<String>, Error> {
        for socket in SOCKETS {
            let path = self.run.join(socket);
            let mut stream = UnixStream::connect(&path).map_err(file(&path))?;
            stream.write_all(MARK).map_err(file(&path))?;
            // Connections are heard one after the other, and closed when they have been.
            let _ = stream.read(&mut [0]);
        }
        Ok(std::mem::take(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Drop for Daemons {
    fn drop(&mut self) {
        for (listener, thread) in self.listeners.drain(..) {
            // Ends the accept of the thread.
            let _ = SockRef::from(&listener.as_fd()).shutdown(std::net::Shutdown::Both);
            let _ = thread.join();
        }
    }
}

fn listen(listener: &UnixListener, socket: &str, heard: &Mutex<Vec<String>>) {
    while let Ok((mut stream, _)) = listener.accept() {
        let mut bytes = [0; 512];
        // One who says nothing has asked nothing, and does not keep the next one waiting for ever.
        let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
        let length = stream.read(&mut bytes).unwrap_or_default();
        let said = &bytes[..length];
        if said != MARK && (socket != SOCKETS[0] || is_about_hosts(said)) {
            let line = format!("{socket}: {}", said.escape_ascii());
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }
}

/// A request of nscd is a version, a type, a length and the key. The name of a proxy is not the proxy's to resolve.
fn is_about_hosts(request: &[u8]) -> bool {
    let kind = request.get(4..8).and_then(|bytes| bytes.try_into().ok()).map(u32::from_ne_bytes);
    let key = request.get(12..).unwrap_or_default();
    kind.is_some_and(|kind| ABOUT_HOSTS.contains(&kind)) && !key.starts_with(NAME_PROXY.as_bytes())
}
