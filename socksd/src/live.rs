//! The connections there are now: listed for whoever asks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use socks_conf::sockd::LogEvents;
use socks_proto::Command;

use crate::bandwidth::Account;
use crate::connections::{Connection, Direction};
use crate::record::{Record, Word};
use crate::totals::Totals;
use crate::traffic::Traffic;

/// All connections of a proxy.
#[derive(Debug, Default)]
pub(crate) struct Live {
    table: Mutex<Table>,
    pub(crate) totals: Totals,
}

#[derive(Debug, Default)]
struct Table {
    last: u64,
    entries: BTreeMap<u64, Arc<Entry>>,
}

/// One connection, filled in as it becomes known.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) from: SocketAddr,
    facts: Mutex<Facts>,
    pub(crate) traffic: Traffic,
}

/// What becomes known of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// The command and the target as it was asked for, fit for a line of the log.
    pub(crate) asked: Option<(Result<Command, u8>, Box<str>)>,
    pub(crate) reached: Option<SocketAddr>,
    /// The name the application gave.
    pub(crate) user: Option<Box<[u8]>>,
    /// What the rule that was applied wants logged; `None` is everything.
    pub(crate) log: Option<LogEvents>,
    /// On what its bytes are booked.
    pub(crate) accounts: Vec<Arc<Account>>,
}

impl Live {
    /// Takes a connection in.
    pub(crate) fn enter(self: &Arc<Live>, from: SocketAddr) -> Record {
        let mut table = self.table();
        table.last += 1;
        let entry = Entry { number: table.last, from, facts: Mutex::default(), traffic: Traffic::new() };
        let entry = Arc::new(entry);
        table.entries.insert(entry.number, Arc::clone(&entry));
        drop(table);
        self.totals.accepted();
        Record::new(entry, Arc::clone(self))
    }

    /// Takes note that a connection is gone.
    pub(crate) fn leave(&self, entry: &Entry) {
        self.table().entries.remove(&entry.number);
        self.totals.carried(entry.traffic.up().bytes(), entry.traffic.down().bytes());
    }

    /// The connections in the order they came.
    pub(crate) fn list(&self) -> Vec<Connection> {
        let entries: Vec<_> = self.table().entries.values().cloned().collect();
        entries.iter().map(|entry| entry.describe()).collect()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    #[cfg(test)]
    pub(crate) fn of(number: u64, from: SocketAddr) -> Entry {
        Entry { number, from, facts: Mutex::default(), traffic: Traffic::new() }
    }

    /// What is known now.
    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn describe(&self) -> Connection {
        let facts = self.facts().clone();
        let direction = facts.asked.as_ref().map(|(command, _)| match command {
            Ok(Command::Bind) => Direction::In,
            Ok(Command::UdpAssociate) => Direction::Udp,
            _ => Direction::Out,
        });
        Connection {
            number: self.number,
            source: self.from,
            asked: facts.asked.map(|(_, target)| target.into()),
            resolved: facts.reached,
            user: facts.user.map(|user| Word(&user).to_string()),
            tx: self.traffic.up().bytes(),
            rx: self.traffic.down().bytes(),
            direction,
            age: self.traffic.age().as_secs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_leaves_nothing() {
        let live: Arc<Live> = Arc::default();
        let enter = || live.enter("10.0.0.2:51234".parse().unwrap());
        let (first, second) = (enter(), enter());
        drop(first);
        let numbers: Vec<_> = live.list().iter().map(|connection| connection.number).collect();
        assert_eq!(numbers, [2]);
        drop(second);
        assert!(live.table().entries.is_empty());
    }
}
