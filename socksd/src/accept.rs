//! Accepts applications on one listening socket, for as long as the proxy serves.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use log::{debug, warn};
use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::session::serve;
use crate::site::{Phase, Site};

/// Serves every application that connects until the phase changes, then waits for those that are open until it is
/// [`Phase::Cut`].
pub(crate) async fn accept(
    listener: TcpListener,
    site: watch::Receiver<Arc<Site>>,
    mut phase: watch::Receiver<Phase>,
) {
    /// Tokio wakes itself for each time limit that is due before all others, as those of a connection are when it is the
    /// only one. While there are connections, this is due before.
    const TICK: Duration = Duration::from_secs(10);
    let mut tick = pin!(sleep(TICK));
    let mut sessions = JoinSet::new();
    let mut serving = phase.clone();
    loop {
        tokio::select! {
            _ = serving.wait_for(|phase| *phase != Phase::Serving) => break,
            Some(_) = sessions.join_next() => {}
            () = &mut tick, if !sessions.is_empty() => tick.as_mut().reset(Instant::now() + TICK),
            (application, from) = next(&listener) => {
                let site = Arc::clone(&site.borrow());
                sessions.spawn(serve(application, from, site));
            }
        }
    }
    drop(listener);
    tokio::select! {
        () = ended(&mut sessions) => {}
        () = cut(&mut phase) => sessions.shutdown().await,
    }
}

async fn cut(phase: &mut watch::Receiver<Phase>) {
    // An error means that the server is gone, and with it everything that would wait for us.
    let _ = phase.wait_for(|phase| *phase == Phase::Cut).await;
}

async fn ended(sessions: &mut JoinSet<()>) {
    while sessions.join_next().await.is_some() {}
}

/// The next connection, however long the system may have no room for it.
pub(crate) async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    /// Long enough to cost nothing, short enough to go unnoticed once descriptors are free again.
    const PAUSE: Duration = Duration::from_millis(100);
    let mut short_of_room = false;
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_passing(&error) => debug!("accept: {error}"),
            Err(error) => {
                if !short_of_room {
                    warn!("cannot accept connections for now: {error}");
                }
                short_of_room = true;
                sleep(PAUSE).await;
            }
        }
    }
}

/// Whether the error is that of the one connection that was next (accept(2), "Error handling").
fn is_passing(error: &io::Error) -> bool {
    !matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::BADF | Errno::INVAL) | None
    )
}
