//! The threads on which names are looked up, shared among the hosts of applications.
//!
//! A lookup keeps a thread busy until the resolver gives up, even if nobody waits for it any more. Neither a host whose
//! names have a dead name server nor a crowd of such hosts is to keep all threads busy: a host may have a part of those
//! that are free, so that the more are taken, the less anybody gets, and something is left for whoever comes next.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Threads for lookups. Tokio has 512 in all for whatever blocks, and passwords are checked there, too.
const THREADS: usize = 448;

/// One host has at most one in so many of the free threads, but one if any is free.
const SHARE: usize = 16;

/// The threads, as far as they are busy.
#[derive(Debug, Default)]
pub(crate) struct Threads {
    busy: Mutex<Busy>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Busy {
    all: usize,
    by_host: HashMap<IpAddr, usize>,
}

/// What one host may look up.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    threads: Arc<Threads>,
    host: IpAddr,
}

/// The turn of one lookup, over when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn(Turns);

impl Turns {
    /// Those of this host, however often it goes and comes again. A network of 64 bits is one host in IPv6, since each of
    /// its hosts has as many addresses.
    pub(crate) fn of(host: IpAddr, threads: Arc<Threads>) -> Turns {
        let host = match host.to_canonical() {
            IpAddr::V4(ip) => ip.into(),
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
        };
        Turns { threads, host }
    }

    /// Waits for a thread.
    pub(crate) async fn next(&self) -> Turn {
        loop {
            // Before the look, so that no thread is freed unnoticed in between.
            let freed = self.threads.freed.notified();
            if let Some(turn) = self.at_once() {
                return turn;
            }
            freed.await;
        }
    }

    fn at_once(&self) -> Option<Turn> {
        let mut busy = self.threads.busy();
        let free = THREADS - busy.all;
        let own = busy.by_host.get(&self.host).copied().unwrap_or(0);
        let may = free > 0 && own < (free / SHARE).max(1);
        may.then(|| {
            busy.all += 1;
            busy.by_host.insert(self.host, own + 1);
            Turn(self.clone())
        })
    }
}

impl Threads {
    fn busy(&self) -> MutexGuard<'_, Busy> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Turns { threads, host } = &self.0;
        let mut busy = threads.busy();
        busy.all -= 1;
        if let Some(own) = busy.by_host.get_mut(host) {
            *own -= 1;
            if *own == 0 {
                busy.by_host.remove(host);
            }
        }
        drop(busy);
        threads.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many turns as a host gets.
    fn all_of(host: impl Into<IpAddr>, threads: &Arc<Threads>) -> Vec<Turn> {
        let turns = Turns::of(host.into(), Arc::clone(threads));
        std::iter::from_fn(|| turns.at_once()).collect()
    }

    #[test]
    fn one_host_has_a_share_however_often_it_comes() {
        let threads = Arc::default();
        let taken = all_of([192, 0, 2, 1], &threads);
        assert!((16..THREADS / 8).contains(&taken.len()), "{}", taken.len());
        assert!(all_of([192, 0, 2, 1], &threads).is_empty());
        assert!(all_of("::ffff:192.0.2.1".parse::<IpAddr>().unwrap(), &threads).is_empty());
        drop(taken);
        assert!(threads.busy().by_host.is_empty() && threads.busy().all == 0);
    }

    #[test]
    fn a_network_of_ipv6_is_one_host() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let threads = Arc::default();
        let _taken = all_of(ip("2001:db8::1"), &threads);
        assert!(all_of(ip("2001:db8::2"), &threads).is_empty());
        assert!(!all_of(ip("2001:db8:0:1::1"), &threads).is_empty());
    }

    #[test]
    fn a_crowd_leaves_something_to_whoever_comes_next() {
        let threads = Arc::default();
        let crowd: Vec<_> = (0..64).map(|last| all_of([192, 0, 2, last], &threads)).collect();
        assert!(crowd.iter().all(|taken| !taken.is_empty()));
        assert!(!all_of([198, 51, 100, 1], &threads).is_empty());
    }

    #[tokio::test]
    async fn who_waits_is_next_when_a_thread_is_free() {
        let threads = Arc::default();
        let mut taken = all_of([192, 0, 2, 1], &threads);
        let turns = Turns::of([192, 0, 2, 1].into(), Arc::clone(&threads));
        let waiting = tokio::spawn(async move { drop(turns.next().await) });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        taken.pop();
        waiting.await.unwrap();
    }
}
