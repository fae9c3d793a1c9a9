//! The control socket: whoever may open it is told about the live connections, as JSON.

use std::fs::{Permissions, remove_file, set_permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener as StdListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::Mode;
use rustix::process::umask;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixListener;
use tokio::time::{sleep, timeout};

use crate::connections::encode;
use crate::live::Live;

/// A reader that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(5);

/// A control socket that can be connected to, by this user alone.
#[derive(Debug)]
pub struct Control {
    listener: StdListener,
    path: PathBuf,
}

impl Control {
    /// Opens the socket. One that a proxy has left behind is replaced; one that a proxy still serves is an error.
    ///
    /// The process's umask is changed for a moment, so this is for a time when it has one thread.
    pub fn open(path: &Path) -> io::Result<Control> {
        let was = umask(Mode::from_raw_mode(0o177));
        let bound = match StdListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_behind(path) => {
                remove_file(path).and_then(|()| StdListener::bind(path))
            }
            bound => bound,
        };
        umask(was);
        let listener = bound?;
        set_permissions(path, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(Control { listener, path: path.to_owned() })
    }

    /// Answers for ever.
    pub(crate) async fn serve(self, live: Arc<Live>) {
        let Ok(listener) = self.listener.try_clone().and_then(UnixListener::from_std) else { return };
        loop {
            match listener.accept().await {
                Ok((mut stream, _)) => {
                    let text = encode(&live.list());
                    tokio::spawn(async move { timeout(PATIENCE, stream.write_all(&text)).await });
                }
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // After privileges are given up this may fail; the next start finds it left behind.
        let _ = remove_file(&self.path);
    }
}

/// Whether the socket is one that nobody listens on any more.
fn is_left_behind(path: &Path) -> bool {
    matches!(UnixStream::connect(path), Err(error) if error.kind() == io::ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_for_this_user_and_replaces_what_was_left_behind() {
        let path = std::env::temp_dir().join(format!("socksd-control-{}", std::process::id()));
        let control = Control::open(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(Control::open(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        std::mem::forget(control.listener.try_clone().map(drop));
        drop(control);
        assert!(!path.exists());
        drop(StdListener::bind(&path).unwrap());
        drop(Control::open(&path).unwrap());
        assert!(!path.exists());
    }
}
