//! What the rules say of an association's datagrams, remembered: they are many, and go to few places.

use std::net::SocketAddr;

use log::debug;
use socks_conf::Command;
use socks_proto::Name;

use super::recent::Recent;
use crate::gate::Gate;

/// Judgements remembered: at least so many of those needed last.
const KEPT: usize = 256;

#[derive(Debug)]
pub(super) struct Judgements {
    gate: Gate,
    sent: Recent<(Option<Name>, SocketAddr), bool>,
    received: Recent<SocketAddr, bool>,
}

impl Judgements {
    pub(super) fn new(gate: Gate) -> Judgements {
        Judgements { gate, sent: Recent::new(KEPT), received: Recent::new(KEPT) }
    }

    /// Whether a datagram may go to this target, which was asked for by this name.
    pub(super) fn may_send(&mut self, name: Option<Name>, target: SocketAddr) -> bool {
        if let Some(judged) = self.sent.get(&(name, target)) {
            return *judged;
        }
        let judged = self.gate.datagram(name.as_ref(), target);
        if let Err(refusal) = &judged {
            debug!("datagrams to {target} are dropped: {refusal}");
        }
        self.sent.insert((name, target), judged.is_ok());
        judged.is_ok()
    }

    /// Whether a datagram from this sender may reach the application.
    pub(super) fn may_receive(&mut self, sender: SocketAddr) -> bool {
        if let Some(judged) = self.received.get(&sender) {
            return *judged;
        }
        let judged = self.gate.reply(Command::UdpReply, sender).is_ok();
        self.received.insert(sender, judged);
        judged
    }
}
