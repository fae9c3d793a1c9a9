//! A proxy whose clock and whose tasks a test can see to.

use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socksd::{Options, Server};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{advance, pause, resume};

/// How long anything may take before a test is declared hung.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A proxy on a runtime of its own, stopped when dropped.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    runtime: Handle,
    /// An advance of the clock, and who waits for it.
    advances: Option<mpsc::UnboundedSender<(Duration, oneshot::Sender<()>)>>,
    thread: Option<JoinHandle<()>>,
}

/// Options that serve any number of connections on a free port of loopback.
pub(crate) fn options() -> Options {
    Options {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        max_connections_per_host: None,
        ..Options::default()
    }
}

impl Proxy {
    /// One on a single thread, whose clock can be advanced.
    pub(crate) fn with_clock(options: Options) -> Proxy {
        Proxy::start(options, Builder::new_current_thread())
    }

    /// One as the program runs it.
    pub(crate) fn as_program(options: Options) -> Proxy {
        Proxy::start(options, Builder::new_multi_thread())
    }

    fn start(options: Options, mut runtime: Builder) -> Proxy {
        let server = Server::bind(options).unwrap();
        let address = server.local_addr().unwrap();
        let runtime = runtime.enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        let (advances, mut asked) = mpsc::unbounded_channel::<(Duration, oneshot::Sender<()>)>();
        let until_dropped = async move {
            while let Some((duration, done)) = asked.recv().await {
                pause();
                advance(duration).await;
                resume();
                done.send(()).unwrap();
            }
        };
        let thread = thread::spawn(move || runtime.block_on(server.run(until_dropped)).unwrap());
        Proxy { address, runtime: handle, advances: Some(advances), thread: Some(thread) }
    }

    /// Lets time pass at once.
    pub(crate) fn advance(&self, duration: Duration) {
        let (done, is_done) = oneshot::channel();
        self.advances.as_ref().unwrap().send((duration, done)).unwrap();
        is_done.blocking_recv().unwrap();
    }

    /// The tasks it has.
    pub(crate) fn tasks(&self) -> usize {
        self.runtime.metrics().num_alive_tasks()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.advances.take());
        let ended = self.thread.take().unwrap().join();
        assert!(thread::panicking() || ended.is_ok());
    }
}

/// Waits until something is so.
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}
