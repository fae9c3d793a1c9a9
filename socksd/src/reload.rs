//! Other options for a proxy that runs: new connections begin under them, and those that are open keep theirs.

use std::sync::Arc;
use std::time::Duration;

use log::{error, info, warn};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::options::Options;
use crate::site::Site;

/// How long the names in rules may take before they are taken for unknown.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long what a name in a rule stood for is believed.
const FRESH: Duration = Duration::from_secs(60);

/// Gives a running proxy other options.
#[derive(Clone, Debug)]
pub struct Reloader {
    site: watch::Sender<Arc<Site>>,
}

impl Reloader {
    pub(crate) fn new(site: watch::Sender<Arc<Site>>) -> Reloader {
        Reloader { site }
    }

    /// Lets new connections begin under these options. The addresses listened on stay as they are.
    pub async fn apply(&self, options: Options) {
        look_up(&options).await;
        self.site.send_modify(|site| *site = Arc::new(site.under(options)));
    }

    /// Takes over what `load` gives, each time the process receives SIGHUP; what it cannot give leaves all as it is.
    pub async fn on_hangup<E: std::fmt::Display + Send + 'static>(
        self,
        load: impl Fn() -> Result<Options, E> + Clone + Send + 'static,
    ) {
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return std::future::pending().await };
        while hangup.recv().await.is_some() {
            match spawn_blocking(load.clone()).await {
                Ok(Ok(options)) => {
                    self.apply(options).await;
                    info!("read the configuration again");
                }
                Ok(Err(reason)) => error!("the configuration stays as it was: {reason}"),
                Err(_) => {}
            }
        }
    }
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
