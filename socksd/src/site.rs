//! What all connections of one proxy share.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Semaphore;

use crate::crowd::{Crowd, Full, Place};
use crate::gate::Gate;
use crate::live::Live;
use crate::options::Options;
use crate::outgoing::canonical;
use crate::outlook::Outlook;
use crate::record::Record;
use crate::turns::{Threads, Turns};

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
///
/// Options that are taken over later make a new one, with which new connections begin; those that are open keep theirs.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) options: Options,
    shared: Arc<Shared>,
}

/// What stays when the options change.
#[derive(Debug)]
struct Shared {
    crowd: Arc<Crowd>,
    threads: Arc<Threads>,
    waiting: Semaphore,
    listening: RwLock<Arc<[SocketAddr]>>,
    live: Arc<Live>,
}

impl Site {
    pub(crate) fn new(options: Options, listening: Vec<SocketAddr>) -> Site {
        let waiting = Semaphore::new(MOST_WAITING);
        let listening = RwLock::new(listening.into());
        let shared = Shared {
            crowd: Arc::default(),
            threads: Arc::default(),
            waiting,
            listening,
            live: Arc::default(),
        };
        Site { options, shared: Arc::new(shared) }
    }

    /// The same proxy under other options.
    pub(crate) fn under(&self, options: Options) -> Site {
        Site { options, shared: Arc::clone(&self.shared) }
    }

    /// A place for one more connection from this host.
    pub(crate) fn enter(&self, host: IpAddr) -> Result<Place, Full> {
        self.shared.crowd.enter(host, &self.options)
    }

    /// The turns to look names up that the host of an application has.
    pub(crate) fn turns(&self, gate: &Gate) -> Turns {
        Turns::of(gate.from().ip(), Arc::clone(&self.shared.threads))
    }

    /// Permits to wait for a call.
    pub(crate) fn waiting(&self) -> &Semaphore {
        &self.shared.waiting
    }

    /// The addresses that applications are accepted on.
    fn listening(&self) -> Arc<[SocketAddr]> {
        Arc::clone(&self.shared.listening.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether applications are accepted on this address; port 0 is any.
    pub(crate) fn listens_on(&self, address: SocketAddr) -> bool {
        let is_it = |own: &SocketAddr| own.ip() == address.ip() && [0, own.port()].contains(&address.port());
        self.listening().iter().any(is_it)
    }

    /// Takes note of one more.
    pub(crate) fn add_listening(&self, address: SocketAddr) {
        let listening = self.listening();
        if !listening.contains(&address) {
            self.set_listening(listening.iter().copied().chain([address]).collect());
        }
    }

    /// Takes note of all of them.
    pub(crate) fn set_listening(&self, addresses: Arc<[SocketAddr]>) {
        *self.shared.listening.write().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    /// The connections there are.
    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.shared.live
    }

    /// A record for one more connection.
    pub(crate) fn record(&self, from: SocketAddr) -> Record {
        self.shared.live.enter(canonical(from))
    }

    /// What connecting to a target depends on.
    pub(crate) fn outlook<'a>(&'a self, gate: &'a Gate) -> Outlook<'a> {
        Outlook {
            hosts: &self.options.hosts,
            turns: self.turns(gate),
            listening: self.listening(),
            gate,
            external: &self.options.external,
            timeout: self.options.connect_timeout,
        }
    }
}
