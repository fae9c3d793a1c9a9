//! The sockets that applications are accepted on, which may become others while the proxy runs.
//!
//! A socket that is listened on no more takes its connections along: they go on until they end.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use log::{debug, info, warn};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::accept::accept;
use crate::follow::Follow;
use crate::listen::{BindError, listen};
use crate::options::Options;
use crate::site::{Phase, Site};
use crate::stream::tune;

/// The sockets of one proxy, each with a task that accepts.
#[derive(Debug)]
pub(crate) struct Listeners {
    site: watch::Sender<Arc<Site>>,
    /// Whether somebody else has opened them, and decides where they are.
    handed_over: bool,
    open: Vec<Open>,
    /// Those that are closed while connections accepted there may go on.
    closed: Vec<watch::Sender<Phase>>,
    accepting: JoinSet<()>,
}

/// One socket.
#[derive(Debug)]
struct Open {
    /// What was asked for, perhaps port 0.
    asked: SocketAddr,
    own: SocketAddr,
    phase: watch::Sender<Phase>,
}

/// A socket that listens and is not accepted on yet.
#[derive(Debug)]
pub(crate) struct Bound {
    asked: SocketAddr,
    pub(crate) own: SocketAddr,
    listener: TcpListener,
}

impl Bound {
    /// Listens on an address.
    pub(crate) fn open(asked: SocketAddr) -> Result<Bound, BindError> {
        let listener = listen(asked)?;
        Bound::over(listener, asked).map_err(|error| BindError { address: asked, error })
    }

    /// Takes over a socket that listens.
    pub(crate) fn handed_over(listener: TcpListener) -> io::Result<Bound> {
        let own = listener.local_addr()?;
        Bound::over(listener, own)
    }

    fn over(listener: TcpListener, asked: SocketAddr) -> io::Result<Bound> {
        listener.set_nonblocking(true)?;
        tune((&listener).into());
        Ok(Bound { asked, own: listener.local_addr()?, listener })
    }
}

impl Listeners {
    /// None yet. Those that are `handed_over` stay what they are.
    pub(crate) fn new(site: watch::Sender<Arc<Site>>, handed_over: bool) -> Listeners {
        Listeners { site, handed_over, open: Vec::new(), closed: Vec::new(), accepting: JoinSet::new() }
    }

    /// Accepts applications on one more; fails if it cannot be registered with the runtime.
    pub(crate) fn accept_on(&mut self, Bound { asked, own, listener }: Bound) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        self.site.borrow().add_listening(own);
        let (phase, _) = watch::channel(Phase::Serving);
        self.accepting.spawn(accept(listener, self.site.subscribe(), phase.subscribe()));
        self.open.push(Open { asked, own, phase });
        info!("listening on {own}");
        if !own.ip().is_loopback() && self.site.borrow().options.admits_this_host_only() {
            warn!("only programs on this host are served on {own}: see --allow and --user");
        }
        Ok(())
    }

    /// Serves new connections under these options, on the addresses they name; or, if one of these cannot be listened
    /// on, leaves all as it was.
    pub(crate) async fn take_over(&mut self, options: Options) -> Result<(), BindError> {
        let (missing, surplus) = self.compare(&options.listen);
        let bound = match bind(&missing) {
            Err(error) if is_in_the_way(&error, &surplus) => self.make_way(&surplus, &missing).await?,
            bound => bound?,
        };
        // Before anybody is accepted on a new address, so that nobody meets the old rules there.
        self.site.send_modify(|site| *site = Arc::new(site.under(options)));
        self.close(&surplus);
        for bound in bound {
            let address = bound.own;
            self.accept_on(bound).map_err(|error| BindError { address, error })?;
        }
        Ok(())
    }

    /// The addresses that are wanted and not listened on, and the sockets that are not wanted.
    fn compare(&self, wanted: &[SocketAddr]) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
        let (mut missing, mut surplus) = (wanted.to_vec(), Vec::new());
        if self.handed_over {
            return Default::default();
        }
        for open in &self.open {
            match missing.iter().position(|address| *address == open.asked) {
                Some(index) => _ = missing.remove(index),
                None => surplus.push(open.own),
            }
        }
        (missing, surplus)
    }

    /// Closes sockets that take the place of those that are wanted, which the kernel lets nobody share: 0.0.0.0 is every
    /// address. If that does not help, they are opened again.
    async fn make_way(
        &mut self,
        surplus: &[SocketAddr],
        wanted: &[SocketAddr],
    ) -> Result<Vec<Bound>, BindError> {
        /// Tasks on other threads close them, which takes a moment.
        const PAUSE: Duration = Duration::from_millis(10);
        const ATTEMPTS: usize = 200;
        self.close(surplus);
        let mut bound = bind(wanted);
        for _ in 0..ATTEMPTS {
            match &bound {
                Err(error) if error.error.kind() == ErrorKind::AddrInUse => sleep(PAUSE).await,
                _ => break,
            }
            bound = bind(wanted);
        }
        if bound.is_err() {
            surplus.iter().for_each(|address| self.add(*address));
        }
        bound
    }

    /// Listens on the addresses that the interfaces that are followed have now, too.
    pub(crate) fn add_followed(&mut self) {
        if self.handed_over {
            return;
        }
        let follow = self.site.borrow().options.follow.clone();
        for address in follow.iter().flat_map(Follow::addresses) {
            if !self.site.borrow().listens_on(address) {
                self.add(address);
            }
        }
    }

    fn add(&mut self, address: SocketAddr) {
        let added = Bound::open(address).map_err(io::Error::from).and_then(|bound| self.accept_on(bound));
        match added {
            // An IPv6 address that is still being checked for doubles; there is another message when it is ready.
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => debug!("{error}"),
            Err(error) => warn!("{error}"),
            Ok(()) => {}
        }
    }

    /// Accepts no more on these; what is open may finish.
    fn close(&mut self, addresses: &[SocketAddr]) {
        let is_closed = |open: &mut Open| addresses.contains(&open.own);
        for open in self.open.extract_if(.., is_closed) {
            open.phase.send_replace(Phase::Finishing);
            info!("no longer listening on {}", open.own);
            self.closed.push(open.phase);
        }
        self.closed.retain(|phase| !phase.is_closed());
        self.site.borrow().set_listening(self.open.iter().map(|open| open.own).collect());
    }

    /// Accepts no more anywhere and completes when all connections have ended, of which those that last longer than
    /// `grace` are cut.
    pub(crate) async fn finish(mut self, grace: Duration) {
        let all = self.open.into_iter().map(|open| open.phase).chain(self.closed).collect::<Vec<_>>();
        let enter = |phase: Phase| all.iter().for_each(|sender| _ = sender.send_replace(phase));
        enter(Phase::Finishing);
        if tokio::time::timeout(grace, ended(&mut self.accepting)).await.is_err() {
            warn!("cutting the connections that are still open after {grace:?}");
            enter(Phase::Cut);
            ended(&mut self.accepting).await;
        }
    }
}

fn bind(addresses: &[SocketAddr]) -> Result<Vec<Bound>, BindError> {
    addresses.iter().copied().map(Bound::open).collect()
}

/// Whether one of the sockets that are to be closed may be what keeps the port.
fn is_in_the_way(error: &BindError, surplus: &[SocketAddr]) -> bool {
    let has_port = |own: &SocketAddr| own.port() == error.address.port();
    error.error.kind() == ErrorKind::AddrInUse && surplus.iter().any(has_port)
}

async fn ended(accepting: &mut JoinSet<()>) {
    while accepting.join_next().await.is_some() {}
}
