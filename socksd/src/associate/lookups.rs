//! The names an association sends to: looked up beside the relaying, remembered for a while.

use std::collections::HashMap;
use std::future::pending;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use log::debug;
use socks_proto::{Address, Host, Name};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::is_one_host;
use super::recent::Recent;
use crate::gate::Gate;
use crate::lookup::resolve;
use crate::outgoing::source_for;
use crate::site::Site;
use crate::turns::Turns;

/// Names remembered: at least so many of those used last.
const NAMES_KEPT: usize = 64;
/// How long an address is used before the resolver is asked again.
const FRESH: Duration = Duration::from_secs(60);
/// How long a name that was not found is not looked up again.
const MISSING: Duration = Duration::from_secs(5);
/// Names looked up at a time.
const MOST_LOOKUPS: usize = 16;
/// Data held for names that are being looked up; what is beyond is dropped.
const MOST_HELD: usize = 256 * 1024;
/// What a held datagram costs beside its data.
const OVERHEAD: usize = 64;

/// A held datagram: the port it goes to, and its data.
pub(super) type Held = (u16, Vec<u8>);

#[derive(Debug)]
pub(super) struct Lookups {
    site: Arc<Site>,
    turns: Turns,
    known: Recent<Name, (Option<IpAddr>, Instant)>,
    held: HashMap<Name, Vec<Held>>,
    held_size: usize,
    running: JoinSet<(Name, Option<IpAddr>)>,
    found: Option<(Name, Option<IpAddr>)>,
}

/// What is known of a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    Address(IpAddr),
    /// It is being looked up, and the datagram is held until then.
    NotYet,
    /// It has no address, or there is no room to wait for it.
    Never,
}

impl Lookups {
    pub(super) fn new(site: Arc<Site>, gate: &Gate) -> Lookups {
        Lookups {
            turns: site.turns(gate),
            site,
            known: Recent::new(NAMES_KEPT),
            held: HashMap::new(),
            held_size: 0,
            running: JoinSet::new(),
            found: None,
        }
    }

    /// The address of a name; or the datagram is kept until that is known.
    pub(super) fn address(&mut self, name: Name, port: u16, data: &[u8]) -> Known {
        if let Some((address, until)) = self.known.get(&name)
            && *until > Instant::now()
        {
            return address.map_or(Known::Never, Known::Address);
        }
        let size = data.len() + OVERHEAD;
        let is_running = self.held.contains_key(&name);
        if self.held_size + size > MOST_HELD || !is_running && self.held.len() >= MOST_LOOKUPS {
            return Known::Never;
        }
        if !is_running {
            self.running.spawn(look_up(name, port, Arc::clone(&self.site), self.turns.clone()));
        }
        self.held_size += size;
        self.held.entry(name).or_default().push((port, data.to_vec()));
        Known::NotYet
    }

    /// Completes when a lookup has, which [`take_found`](Self::take_found) then gives.
    pub(super) async fn found(&mut self) {
        match self.running.join_next().await {
            Some(found) => self.found = found.ok(),
            None => pending().await,
        }
    }

    /// A name just found with its address, if it has one, and what is held for it.
    pub(super) fn take_found(&mut self) -> (Option<(Name, IpAddr)>, Vec<Held>) {
        let Some((name, address)) = self.found.take() else { return (None, Vec::new()) };
        let validity = if address.is_some() { FRESH } else { MISSING };
        self.known.insert(name, (address, Instant::now() + validity));
        let held = self.held.remove(&name).unwrap_or_default();
        self.held_size -= held.iter().map(|(_, data)| data.len() + OVERHEAD).sum::<usize>();
        (address.map(|address| (name, address)), held)
    }
}

/// The first address of the name that this host has a route to.
async fn look_up(name: Name, port: u16, site: Arc<Site>, turns: Turns) -> (Name, Option<IpAddr>) {
    let target = Address { host: Host::Name(name), port };
    let found = timeout(site.options.connect_timeout, resolve(&target, &site.options.hosts, &turns)).await;
    let addresses = match found {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(refusal)) => {
            debug!("{name}: {refusal}");
            Vec::new()
        }
        Err(_) => Vec::new(),
    };
    let usable = |address: &&SocketAddr| is_one_host(address.ip()) && source_for(**address).is_ok();
    (name, addresses.iter().find(usable).map(SocketAddr::ip))
}
