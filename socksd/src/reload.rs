//! Other options for a proxy that runs: new connections begin under them, and those that are open keep theirs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use log::{error, info, warn};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::listen::BindError;
use crate::options::Options;
use crate::site::Site;

/// How long the names in rules may take before they are taken for unknown.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long what a name in a rule stood for is believed.
const FRESH: Duration = Duration::from_secs(60);

/// Gives a running proxy other options.
#[derive(Clone, Debug)]
pub struct Reloader {
    proposals: mpsc::Sender<Proposal>,
}

/// Options that a proxy may take over.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) options: Options,
    /// Whether it has.
    pub(crate) answer: oneshot::Sender<Result<(), BindError>>,
}

impl Reloader {
    /// One that gives them to the proxy that receives here.
    pub(crate) fn new() -> (Reloader, mpsc::Receiver<Proposal>) {
        let (proposals, received) = mpsc::channel(1);
        (Reloader { proposals }, received)
    }

    /// Lets new connections begin under these options, and on the addresses they name; connections that are open go on
    /// as they are, those from an address that is left, too. Sockets that were handed over stay.
    ///
    /// Completes while the proxy runs. If an address cannot be listened on, all stays as it was.
    pub async fn apply(&self, options: Options) -> Result<(), BindError> {
        look_up(&options).await;
        let (answer, answered) = oneshot::channel();
        // A proxy that is gone needs no options.
        let _ = self.proposals.send(Proposal { options, answer }).await;
        answered.await.unwrap_or(Ok(()))
    }

    /// Takes over what `load` gives, each time the process receives SIGHUP; what it cannot give leaves all as it is.
    pub async fn on_hangup<E: fmt::Display + Send + 'static>(
        self,
        load: impl Fn() -> Result<Options, E> + Clone + Send + 'static,
    ) {
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return std::future::pending().await };
        while hangup.recv().await.is_some() {
            match spawn_blocking(load.clone()).await {
                Ok(Ok(options)) => match self.apply(options).await {
                    Ok(()) => info!("read the configuration again"),
                    Err(error) => stays(&error),
                },
                Ok(Err(reason)) => stays(&reason),
                Err(_) => {}
            }
        }
    }
}

fn stays(reason: &impl fmt::Display) {
    error!("the configuration stays as it was: {reason}");
}

/// Looks up the names in the rules.
pub(crate) async fn look_up(options: &Options) {
    let Some(rules) = options.rules.as_ref().filter(|rules| !rules.names().is_empty()) else { return };
    if timeout(PATIENCE, rules.names().look_up(&options.hosts)).await.is_err() {
        warn!("names in the rules could not be looked up in time");
    }
}

/// Keeps looking them up, for ever.
pub(crate) async fn look_up_again(site: watch::Receiver<Arc<Site>>) {
    loop {
        sleep(FRESH).await;
        let site = Arc::clone(&site.borrow());
        look_up(&site.options).await;
    }
}
