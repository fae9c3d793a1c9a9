//! The proxy as one blocking call, for whoever has no Tokio runtime of their own.

use std::io;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::options::Options;
use crate::server::Server;

/// Binds and serves until SIGINT or SIGTERM arrives.
pub fn run(options: Options) -> io::Result<()> {
    Server::bind(options)?.run_blocking(interrupted())
}

impl Server {
    /// [`run`](Server::run) on a runtime of its own, which ends with it.
    pub fn run_blocking(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let runtime = Builder::new_multi_thread().enable_all().thread_name("socksd").build()?;
        let served = runtime.block_on(self.run(shutdown));
        // A name lookup may be under way that cannot be interrupted, and nobody waits for its answer any more.
        runtime.shutdown_background();
        served
    }
}

/// Completes when the process receives SIGINT or SIGTERM.
pub async fn interrupted() {
    let (Ok(mut int), Ok(mut term)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
    }
}
