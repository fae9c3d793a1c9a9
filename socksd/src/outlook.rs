//! What reaching a target depends on besides the target, and which addresses are no targets whatever was asked.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use socks_conf::Command;
use socks_proto::Name;

use crate::external::External;
use crate::gate::Gate;
use crate::hosts::Hosts;
use crate::refusal::Refusal;
use crate::turns::Turns;

/// The proxy's circumstances.
#[derive(Clone, Debug)]
pub(crate) struct Outlook<'a> {
    /// Names that win over the system's resolver.
    pub(crate) hosts: &'a Hosts,
    /// The turns of the application's host to look names up.
    pub(crate) turns: Turns,
    /// The addresses this proxy listens on, where no target may be.
    pub(crate) listening: Arc<[SocketAddr]>,
    /// What the application may reach.
    pub(crate) gate: &'a Gate,
    /// The addresses to connect from.
    pub(crate) external: &'a External,
    /// The time for everything: the lookup and all addresses.
    pub(crate) timeout: Duration,
}

impl Outlook<'_> {
    /// The address to connect from to this one, for which the name may stand; `None` leaves it to the system. Or why no
    /// connection may be tried.
    pub(crate) fn judge(&self, target: SocketAddr, name: Option<&Name>) -> Result<Option<IpAddr>, Refusal> {
        if target.ip().is_unspecified() {
            return Err(Refusal::Unspecified(target));
        }
        if self.listening.iter().any(|&address| is_at(target, address)) {
            return Err(Refusal::Loop(target));
        }
        self.gate.target(Command::Connect, name, target)?;
        let source = self.external.source(target.ip(), self.gate.inside().ip());
        source.map_err(|_| Refusal::FamilyImpossible(target))
    }
}

/// Whether a connection to `target` would reach the socket that listens on `listening`.
fn is_at(target: SocketAddr, listening: SocketAddr) -> bool {
    target.port() == listening.port()
        && (target.ip() == listening.ip()
            || listening.ip().is_unspecified()
                && target.is_ipv4() == listening.is_ipv4()
                && belongs_to_this_host(target.ip()))
}

fn belongs_to_this_host(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(target: &str, listening: &str) -> bool {
        is_at(target.parse().unwrap(), listening.parse().unwrap())
    }

    #[test]
    fn knows_itself() {
        assert!(at("127.0.0.1:1080", "127.0.0.1:1080"));
        assert!(at("127.0.0.9:1080", "0.0.0.0:1080"));
        assert!(at("[::1]:1080", "[::]:1080"));
        assert!(!at("127.0.0.1:80", "0.0.0.0:1080"));
        assert!(!at("127.0.0.2:1080", "127.0.0.1:1080"));
        assert!(!at("[::1]:1080", "0.0.0.0:1080"));
        assert!(!at("192.0.2.7:1080", "0.0.0.0:1080"));
    }
}
