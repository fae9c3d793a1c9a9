//! What came of a dialogue with a proxy.

use std::fmt;

use libc::c_int;
use socks_conf::{ProxyProtocol, ProxyProtocols};
use socks_proto::Address;
use socks_proto::client::Failure;

use super::{Phases, Record, send};

/// A dialogue that has ended.
pub(crate) struct Dialogue<'a> {
    /// The socket's.
    pub(crate) cookie: Option<u64>,
    pub(crate) kind: Kind,
    pub(crate) target: Address,
    /// Of the route; 0 where that is of no file.
    pub(crate) line: u32,
    /// The proxies, one behind the other; the last had the last word.
    pub(crate) proxies: &'a dyn fmt::Display,
    /// What was spoken to that; `None` where none could be asked.
    pub(crate) protocol: Option<ProxyProtocol>,
    /// BND of the reply.
    pub(crate) bnd: Address,
    /// What the application is told; `None` where the proxy did as it was asked.
    pub(crate) errno: Option<c_int>,
    /// What the proxy said that did not.
    pub(crate) refusal: Option<Failure>,
    pub(crate) phases: Phases,
}

/// What a dialogue is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A connection of the application's.
    Connect,
    /// A connection of our own to a name server.
    NameServer,
    /// An association for datagrams.
    Association,
    /// A listener that waits at the proxy.
    Bind,
    /// A call to such a listener.
    Call,
    /// RESOLVE or RESOLVE_PTR.
    Question,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Connect => "connect",
            Kind::NameServer => "query",
            Kind::Association => "udp",
            Kind::Bind | Kind::Call => "bind",
            Kind::Question => "resolve",
        }
    }

    /// Whether BND says more than where the proxy sends from.
    fn has_address(self) -> bool {
        [Kind::Association, Kind::Bind, Kind::Call, Kind::Question].contains(&self)
    }
}

/// Tells of one.
pub(crate) fn dialogue(dialogue: &Dialogue<'_>) {
    let mut record = Record::new(if dialogue.kind == Kind::Call { "call" } else { "connection" });
    if let Some(cookie) = dialogue.cookie {
        record.number("id", cookie);
    }
    record.text("kind", dialogue.kind.word()).text("target", dialogue.target);
    if dialogue.line > 0 {
        record.number("route", dialogue.line);
    }
    record.text("proxy", dialogue.proxies);
    if let Some(protocol) = dialogue.protocol {
        record.text("protocol", ProxyProtocols::from([protocol]));
    }
    match dialogue.errno {
        None => {
            record.text("outcome", "open");
            if dialogue.kind.has_address() {
                record.text("address", dialogue.bnd);
            }
        }
        Some(errno) => {
            record.text("outcome", "failed").errno(errno);
            if let Some(refusal) = dialogue.refusal {
                record.text("reason", refusal);
            }
        }
    }
    for (phase, spent) in dialogue.phases.named() {
        record.duration(phase, spent);
    }
    send(record);
}
