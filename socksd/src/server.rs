//! The life of a proxy: bind, serve, finish.

use std::future::{pending, poll_fn};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use log::{info, warn};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::accept::accept;
use crate::control::Control;
use crate::follow::follow;
use crate::listen::{BindError, listen};
use crate::live::Live;
use crate::metrics;
use crate::options::Options;
use crate::reload::{self, Reloader};
use crate::site::{Phase, Site};
use crate::stream::tune;

/// A proxy whose sockets are open: applications can connect from now on, and are served once it runs.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<TcpListener>,
    site: watch::Sender<Arc<Site>>,
    listening: Vec<SocketAddr>,
    control: Option<Control>,
    metrics: Option<TcpListener>,
}

impl Server {
    /// Listens on every address of [`Options::listen`]. No runtime is needed yet.
    pub fn bind(options: Options) -> Result<Server, BindError> {
        let listeners = options.listen.iter().copied().map(listen).collect::<Result<Vec<_>, _>>()?;
        let listening = listeners.iter().zip(&options.listen);
        let listening = listening.map(|(listener, &asked)| listener.local_addr().unwrap_or(asked)).collect();
        Ok(Server::new(listeners, options, listening))
    }

    /// Takes over sockets that listen already; [`Options::listen`] plays no part.
    pub fn from_listeners(listeners: Vec<TcpListener>, options: Options) -> io::Result<Server> {
        let listening = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?;
        Ok(Server::new(listeners, options, listening))
    }

    fn new(listeners: Vec<TcpListener>, options: Options, listening: Vec<SocketAddr>) -> Server {
        let (site, _) = watch::channel(Arc::new(Site::new(options, listening.clone())));
        Server { listeners, site, listening, control: None, metrics: None }
    }

    /// Tells whoever connects to this socket about the live connections.
    pub fn control(&mut self, control: Control) {
        self.control = Some(control);
    }

    /// What gives the proxy other options while it runs.
    pub fn reloader(&self) -> Reloader {
        Reloader::new(self.site.clone())
    }

    /// Answers Prometheus at this address; the address is given back with the port that stands for port 0.
    pub fn metrics(&mut self, address: SocketAddr) -> Result<SocketAddr, BindError> {
        let listener = listen(address)?;
        let own = listener.local_addr().unwrap_or(address);
        self.metrics = Some(listener);
        Ok(own)
    }

    /// The addresses listened on, with the ports that were given for port 0.
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
        let (phase, _) = watch::channel(Phase::Serving);
        let options = Arc::clone(&site.borrow());
        reload::look_up(&options.options).await;
        let telling = tell(self.control.take(), self.metrics.take(), options.live());
        let mut shutdown = pin!(shutdown);
        // Asked before anything is announced: whoever waits for that can stop us from then on.
        let is_over = poll_fn(|context| Poll::Ready(shutdown.as_mut().poll(context).is_ready())).await;
        if is_over {
            return Ok(());
        }
        let mut accepting = self.start(&phase)?;
        tokio::select! {
            () = telling => {}
            () = &mut shutdown => {}
            () = reload::look_up_again(site.subscribe()) => {}
            () = follow(&site, &phase, &mut accepting) => {}
        }
        let grace = site.borrow().options.grace;
        phase.send_replace(Phase::Finishing);
        info!("stopping");
        if timeout(grace, finished(&mut accepting)).await.is_err() {
            warn!("cutting the connections that are still open after {grace:?}");
            phase.send_replace(Phase::Cut);
            finished(&mut accepting).await;
        }
        Ok(())
    }

    fn start(&mut self, phase: &watch::Sender<Phase>) -> io::Result<JoinSet<()>> {
        let site = Arc::clone(&self.site.borrow());
        let mut accepting = JoinSet::new();
        let listeners = std::mem::take(&mut self.listeners);
        for (listener, address) in listeners.into_iter().zip(&self.listening) {
            listener.set_nonblocking(true)?;
            tune((&listener).into());
            let listener = tokio::net::TcpListener::from_std(listener)?;
            accepting.spawn(accept(listener, self.site.subscribe(), phase.subscribe()));
            info!("listening on {address}");
            if !address.ip().is_loopback() && site.options.admits_this_host_only() {
                warn!("only programs on this host are served on {address}: see --allow and --user");
            }
        }
        Ok(accepting)
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

async fn finished(accepting: &mut JoinSet<()>) {
    while accepting.join_next().await.is_some() {}
}
