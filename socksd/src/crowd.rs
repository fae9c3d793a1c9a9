//! How much of the proxy each application's host takes, so that none takes all of it.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::options::Options;

/// The hosts that have connections.
#[derive(Debug, Default)]
pub(crate) struct Crowd(Mutex<Present>);

#[derive(Debug, Default)]
struct Present {
    connections: usize,
    by_host: HashMap<IpAddr, usize>,
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
        let here = present.by_host.get(&host).copied().unwrap_or(0);
        if let Some(most) = options.max_connections_per_host.filter(|most| here >= *most) {
            return Err(Full::Host(most));
        }
        present.connections += 1;
        present.by_host.insert(host, here + 1);
        Ok(Place { crowd: Arc::clone(self), host })
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut present = self.crowd.present();
        present.connections -= 1;
        if let Some(here) = present.by_host.get_mut(&self.host) {
            *here -= 1;
            if *here == 0 {
                present.by_host.remove(&self.host);
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
        assert!(present.by_host.is_empty() && present.connections == 0);
    }
}
