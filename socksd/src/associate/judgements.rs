//! What the rules say of an association's datagrams, remembered: they are many, and go to few places.

use std::net::SocketAddr;

use log::debug;
use socks_conf::Command;
use socks_proto::Name;

use super::recent::Recent;
use crate::gate::Gate;
use crate::meter::Meter;

/// Judgements remembered: at least so many of those needed last.
const KEPT: usize = 256;

#[derive(Debug)]
pub(super) struct Judgements {
    gate: Gate,
    sent: Recent<(Option<Name>, SocketAddr), Option<Meter>>,
    received: Recent<SocketAddr, Option<Meter>>,
}

impl Judgements {
    pub(super) fn new(gate: Gate) -> Judgements {
        Judgements { gate, sent: Recent::new(KEPT), received: Recent::new(KEPT) }
    }

    /// What is done with a datagram to this target, which was asked for by this name; `None` if it may not go there.
    pub(super) fn sent(&mut self, name: Option<Name>, target: SocketAddr) -> Option<&Meter> {
        if !self.sent.contains(&(name, target)) {
            let judged = self.gate.datagram(name.as_ref(), target);
            if let Err(refusal) = &judged {
                debug!("datagrams to {target} are dropped: {refusal}");
            }
            self.sent.insert((name, target), judged.ok().map(|grant| self.gate.meter(grant)));
        }
        self.sent.get(&(name, target))?.as_ref()
    }

    /// What is done with a datagram from this sender; `None` if it may not reach the application.
    pub(super) fn received(&mut self, sender: SocketAddr) -> Option<&Meter> {
        if !self.received.contains(&sender) {
            let judged = self.gate.reply(Command::UdpReply, sender);
            self.received.insert(sender, judged.ok().map(|grant| self.gate.meter(grant)));
        }
        self.received.get(&sender)?.as_ref()
    }
}
