//! A proxy of our own that ends with its test.

use std::io;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use socksd::{Options, Server};
use tokio::sync::oneshot;

use crate::journal;

/// How long anything may take before a test is declared hung.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// The default options on a free port of loopback.
pub(crate) fn options() -> Options {
    Options { listen: vec!["127.0.0.1:0".parse().unwrap()], ..Options::default() }
}

/// Options with the user alice, whose password is `secret`.
pub(crate) fn with_alice() -> Options {
    let mut options = options();
    options.users.add("alice:secret".parse().unwrap());
    options
}

/// Options with names only this proxy knows.
pub(crate) fn with_names(pairs: &[&str]) -> Options {
    let mut options = options();
    pairs.iter().for_each(|pair| options.hosts.add_pair(pair).unwrap());
    options
}

impl Proxy {
    pub(crate) fn start(options: Options) -> Proxy {
        Proxy::run(Server::bind(options).unwrap())
    }

    pub(crate) fn run(server: Server) -> Proxy {
        journal::keep();
        let address = server.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || server.run_blocking(async { drop(stopped.await) }));
        Proxy { address, stop: Some(stop), thread: Some(thread) }
    }

    /// Asks it to end, without waiting.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until it has ended.
    pub(crate) fn join(&mut self) -> io::Result<()> {
        self.stop();
        self.thread.take().map_or(Ok(()), |thread| thread.join().unwrap())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let ended = self.join();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}
