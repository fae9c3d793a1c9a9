//! What is told of an attempt to whoever traces us.

use std::fmt;

use libc::c_int;
use socks_conf::Command;
use socks_proto::client::Stage as Answer;

use super::{Attempt, Stage};
use crate::hops::Hops;
use crate::trace::{self, Dialogue, Kind, Phase};

impl Attempt {
    /// What the time goes into.
    pub(super) fn phase(&self) -> Phase {
        let Stage::Negotiating(handshake) = &self.stage else { return Phase::Tcp };
        match handshake.stage() {
            Some(Answer::Method) => Phase::Method,
            Some(Answer::Authentication) => Phase::Authentication,
            _ => Phase::Request,
        }
    }

    /// Tells what it came to.
    pub(super) fn tell(&self, errno: Option<c_int>) {
        if !trace::is_on() {
            return;
        }
        let asked = Asked::of(self);
        trace::dialogue(&Dialogue {
            cookie: self.cookie,
            kind: self.kind(),
            target: self.passage.target,
            line: self.passage.route.line,
            proxies: &asked,
            protocol: self.proxy().map(|(_, _, protocol)| protocol),
            bnd: self.bnd,
            errno,
            refusal: self.refusal,
            phases: self.phases,
        });
    }

    fn kind(&self) -> Kind {
        match self.passage.command {
            _ if self.asks.is_some() => Kind::Question,
            _ if self.is_ours => Kind::NameServer,
            Command::UdpAssociate | Command::UdpReply => Kind::Association,
            Command::Bind | Command::BindReply if self.awaits_call => Kind::Call,
            Command::Bind | Command::BindReply => Kind::Bind,
            Command::Connect => Kind::Connect,
        }
    }
}

/// The proxies that were asked, as far as the chain came; the first that would have been where all are out of reach.
struct Asked<'a> {
    attempt: &'a Attempt,
    hops: Hops,
}

impl Asked<'_> {
    fn of(attempt: &Attempt) -> Asked<'_> {
        let is_exhausted = attempt.hops.place(0).is_none();
        let hops = if is_exhausted { attempt.hops.afresh() } else { attempt.hops };
        Asked { attempt, hops }
    }
}

impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = (0..=self.attempt.hop).map_while(|hop| self.hops.place(hop));
        let proxies = places.filter_map(|place| self.attempt.passage.proxy(place));
        proxies.enumerate().try_for_each(|(hop, (_, proxy, _))| match hop {
            0 => write!(f, "{proxy}"),
            _ => write!(f, ", {proxy}"),
        })
    }
}
