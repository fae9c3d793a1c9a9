//! How much of the proxy each application's host takes, so that none takes all of it.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use crate::options::Options;

/// Names that one host may have looked up at a time. A lookup takes a thread until the resolver gives up, even if nobody
/// waits for it any more, and a dead name server must not keep all threads busy for one host.
const LOOKUPS: usize = 32;

/// The hosts that have connections.
#[derive(Debug, Default)]
pub(crate) struct Crowd(Mutex<Present>);

#[derive(Debug, Default)]
struct Present {
    connections: usize,
    hosts: HashMap<IpAddr, Host>,
}

#[derive(Debug, Default)]
struct Host {
    connections: usize,
    /// Made when it first looks a name up.
    lookups: Option<Arc<Semaphore>>,
}

/// One connection's place, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    host: IpAddr,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The host has as many connections as one host may have.
    Host(usize),
    /// There are as many connections as there may be.
    Everybody(usize),
}

impl Crowd {
    /// A place for one more connection from this host, within the limits of the options.
    pub(crate) fn enter(self: &Arc<Self>, host: IpAddr, options: &Options) -> Result<Place, Full> {
        let host = host.to_canonical();
        let mut present = self.present();
        if let Some(most) = options.max_connections.filter(|most| present.connections >= *most) {
            return Err(Full::Everybody(most));
        }
        let here = present.hosts.get(&host).map_or(0, |host| host.connections);
        if let Some(most) = options.max_connections_per_host.filter(|most| here >= *most) {
            return Err(Full::Host(most));
        }
        present.connections += 1;
        present.hosts.entry(host).or_default().connections += 1;
        Ok(Place { crowd: Arc::clone(self), host })
    }

    /// Permits of this host to look names up.
    pub(crate) fn lookups(&self, host: IpAddr) -> Arc<Semaphore> {
        let new = || Arc::new(Semaphore::new(LOOKUPS));
        match self.present().hosts.get_mut(&host.to_canonical()) {
            Some(host) => Arc::clone(host.lookups.get_or_insert_with(new)),
            None => new(),
        }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut present = self.crowd.present();
        present.connections -= 1;
        if let Some(host) = present.hosts.get_mut(&self.host) {
            host.connections -= 1;
            if host.connections == 0 {
                present.hosts.remove(&self.host);
            }
        }
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Full::Host(most) => {
                write!(f, "this host has {most} connections (see --max-connections-per-host)")
            }
            Full::Everybody(most) => write!(f, "there are {most} connections (see --max-connections)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn no_host_gets_more_than_its_share_and_all_no_more_than_all() {
        let crowd = Arc::new(Crowd::default());
        let options =
            Options { max_connections: Some(3), max_connections_per_host: Some(2), ..Options::default() };
        let enter = |last| crowd.enter(host(last), &options);
        let first = enter(1).unwrap();
        let _second = enter(1).unwrap();
        assert_eq!(enter(1).unwrap_err(), Full::Host(2));
        let _third = enter(2).unwrap();
        assert_eq!(enter(3).unwrap_err(), Full::Everybody(3));
        drop(first);
        enter(1).unwrap();
    }

    #[test]
    fn who_has_left_is_forgotten() {
        let crowd = Arc::new(Crowd::default());
        drop(crowd.enter(host(1), &Options::default()).unwrap());
        let present = crowd.present();
        assert!(present.hosts.is_empty() && present.connections == 0);
    }

    #[tokio::test]
    async fn a_name_server_that_is_silent_for_one_host_holds_up_no_other() {
        use crate::lookup::with_permit;
        let crowd = Arc::new(Crowd::default());
        let _places = [1, 2].map(|last| crowd.enter(host(last), &Options::default()).unwrap());
        let (speak, silence) = std::sync::mpsc::channel::<()>();
        let silence = Arc::new(Mutex::new(silence));
        let stuck: Vec<_> = (0..=LOOKUPS)
            .map(|_| {
                let (permits, silence) = (crowd.lookups(host(1)), Arc::clone(&silence));
                let ask = move || {
                    let _ = silence.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    Ok(())
                };
                tokio::spawn(async move { with_permit(&permits, ask).await })
            })
            .collect();
        while crowd.lookups(host(1)).available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(with_permit(&crowd.lookups(host(2)), || Ok(2)).await.unwrap(), 2);
        assert!(stuck.iter().all(|lookup| !lookup.is_finished()));
        drop(speak);
        for lookup in stuck {
            lookup.await.unwrap().unwrap();
        }
        assert_eq!(crowd.lookups(host(1)).available_permits(), LOOKUPS);
    }
}
