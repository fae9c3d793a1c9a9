//! A network namespace, alive as long as the value.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::{io, process, thread};

use crate::error::{Error, system};
use crate::sys;

/// A network namespace without a name: the kernel removes it with the last descriptor.
#[derive(Clone, Debug)]
pub struct Network(pub(crate) Arc<OwnedFd>);

impl Network {
    /// An empty network; its loopback interface is down.
    pub fn new() -> Result<Network, Error> {
        let opened = thread::scope(|scope| scope.spawn(sys::new_network).join());
        let namespace = opened.map_err(|_| Error::Keeper)?.map_err(system("make a network namespace"))?;
        Ok(Network(Arc::new(namespace)))
    }

    /// Runs `work` inside; sockets it makes stay inside wherever they are used later.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        let inside = || {
            sys::enter_network(&self.0)?;
            work()
        };
        thread::scope(|scope| scope.spawn(inside).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Listens inside.
    pub fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        self.enter(|| TcpListener::bind(address))
    }

    /// A path by which `ip link set … netns` finds this namespace.
    pub fn path(&self) -> String {
        format!("/proc/{}/fd/{}", process::id(), self.0.as_raw_fd())
    }
}
