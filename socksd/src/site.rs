//! What all connections of one proxy share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::Semaphore;

use crate::options::Options;
use crate::outlook::Outlook;
use crate::record::Record;

/// How far the proxy is on its way to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It accepts.
    Serving,
    /// It accepts no more; what is open may finish.
    Finishing,
    /// What is still open is cut.
    Cut,
}

/// Calls that are waited for at a time: each holds a port of this host.
const MOST_WAITING: usize = 256;

/// The proxy as its connections see it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) options: Options,
    /// Permits to wait for a call.
    pub(crate) waiting: Semaphore,
    listening: Vec<SocketAddr>,
    connections: AtomicU64,
}

impl Site {
    pub(crate) fn new(options: Options, listening: Vec<SocketAddr>) -> Site {
        Site { options, waiting: Semaphore::new(MOST_WAITING), listening, connections: AtomicU64::new(0) }
    }

    /// The addresses that applications are accepted on.
    pub(crate) fn listening(&self) -> &[SocketAddr] {
        &self.listening
    }

    /// A record for one more connection.
    pub(crate) fn record(&self, from: SocketAddr) -> Record {
        let number = self.connections.fetch_add(1, Relaxed) + 1;
        Record::new(number, SocketAddr::new(from.ip().to_canonical(), from.port()))
    }

    /// What connecting to a target depends on.
    pub(crate) fn outlook(&self) -> Outlook<'_> {
        Outlook {
            hosts: &self.options.hosts,
            listening: &self.listening,
            timeout: self.options.connect_timeout,
        }
    }
}
