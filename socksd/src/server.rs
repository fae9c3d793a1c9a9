//! The life of a proxy: bind, serve, finish.

use std::future::{pending, poll_fn};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use log::info;
use tokio::sync::{mpsc, watch};

use crate::control::Control;
use crate::follow::Changes;
use crate::listen::{BindError, listen};
use crate::listeners::{Bound, Listeners};
use crate::live::Live;
use crate::metrics;
use crate::options::Options;
use crate::reload::{self, Proposal, Reloader};
use crate::site::Site;

/// A proxy whose sockets are open: applications can connect from now on, and are served once it runs.
#[derive(Debug)]
pub struct Server {
    bound: Vec<Bound>,
    handed_over: bool,
    site: watch::Sender<Arc<Site>>,
    listening: Vec<SocketAddr>,
    reloader: Reloader,
    proposals: mpsc::Receiver<Proposal>,
    control: Option<Control>,
    metrics: Option<TcpListener>,
}

impl Server {
    /// Listens on every address of [`Options::listen`]. No runtime is needed yet.
    pub fn bind(options: Options) -> Result<Server, BindError> {
        let bound = options.listen.iter().copied().map(Bound::open).collect::<Result<Vec<_>, _>>()?;
        Ok(Server::new(bound, false, options))
    }

    /// Takes over sockets that listen already; [`Options::listen`] and [`Options::follow`] play no part.
    pub fn from_listeners(listeners: Vec<TcpListener>, options: Options) -> io::Result<Server> {
        let bound = listeners.into_iter().map(Bound::handed_over).collect::<io::Result<_>>()?;
        Ok(Server::new(bound, true, options))
    }

    fn new(bound: Vec<Bound>, handed_over: bool, options: Options) -> Server {
        let listening: Vec<_> = bound.iter().map(|bound| bound.own).collect();
        let (site, _) = watch::channel(Arc::new(Site::new(options, listening.clone())));
        let (reloader, proposals) = Reloader::new();
        Server { bound, handed_over, site, listening, reloader, proposals, control: None, metrics: None }
    }

    /// Tells whoever connects to this socket about the live connections.
    pub fn control(&mut self, control: Control) {
        self.control = Some(control);
    }

    /// What gives the proxy other options while it runs.
    pub fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }

    /// Answers Prometheus at this address; the address is given back with the port that stands for port 0.
    pub fn metrics(&mut self, address: SocketAddr) -> Result<SocketAddr, BindError> {
        let listener = listen(address)?;
        let own = listener.local_addr().unwrap_or(address);
        self.metrics = Some(listener);
        Ok(own)
    }

    /// The addresses listened on at first, with the ports that were given for port 0.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.listening
    }

    /// The first of [`local_addrs`](Self::local_addrs); `None` if there are none.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local_addrs().first().copied()
    }

    /// Serves until `shutdown` completes, then lets open connections finish for [`Options::grace`].
    ///
    /// Needs a Tokio runtime with its I/O and time drivers. Fails only if the sockets cannot be registered there.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let site = self.site.clone();
        let options = Arc::clone(&site.borrow());
        reload::look_up(&options.options).await;
        let telling = tell(self.control.take(), self.metrics.take(), options.live());
        let mut shutdown = pin!(shutdown);
        // Asked before anything is announced: whoever waits for that can stop us from then on.
        let is_over = poll_fn(|context| Poll::Ready(shutdown.as_mut().poll(context).is_ready())).await;
        if is_over {
            return Ok(());
        }
        let mut listeners = Listeners::new(self.site.clone(), self.handed_over);
        for bound in self.bound {
            listeners.accept_on(bound)?;
        }
        tokio::select! {
            () = telling => {}
            () = &mut shutdown => {}
            () = reload::look_up_again(site.subscribe()) => {}
            () = keep_up(&mut listeners, &mut self.proposals, &site) => {}
        }
        let grace = site.borrow().options.grace;
        info!("stopping");
        listeners.finish(grace).await;
        Ok(())
    }
}

/// Listens where it is wanted, for ever.
async fn keep_up(
    listeners: &mut Listeners,
    proposals: &mut mpsc::Receiver<Proposal>,
    site: &watch::Sender<Arc<Site>>,
) {
    let mut changes = Changes::default();
    loop {
        if changes.follow(&site.borrow().options.follow) {
            listeners.add_followed();
        }
        tokio::select! {
            () = changes.next() => listeners.add_followed(),
            Some(Proposal { options, answer }) = proposals.recv() => {
                let taken_over = listeners.take_over(options).await;
                // Who asked may have gone away.
                let _ = answer.send(taken_over);
            }
        }
    }
}

/// Tells whoever may know what goes on, for ever.
async fn tell(control: Option<Control>, metrics: Option<TcpListener>, live: &Arc<Live>) {
    let control = async {
        if let Some(control) = control {
            control.serve(Arc::clone(live)).await;
        }
        pending().await
    };
    let metrics = async {
        if let Some(listener) = metrics {
            metrics::serve(listener, Arc::clone(live)).await;
        }
        pending().await
    };
    let ((), ()) = tokio::join!(control, metrics);
}
