//! What becomes of the name before anything is connected.

use super::target::Target;
use socks_conf::{Command, Config, Decision, Host, Process, Protocol, Question, ResolveProtocol};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// How the target's name is resolved.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// It is an address.
    Needless,
    /// The file of this machine has it.
    Hosts(Vec<IpAddr>),
    /// A direct route makes it a matter of this machine.
    Here,
    /// The configuration has all names resolved here.
    AllHere,
    /// The proxy gets the name, and the program an address from this range that stands for it.
    StandIn(Ipv4Addr, u8),
    /// Name servers are asked through their route, with this.
    Servers(&'static str, Vec<SocketAddr>),
    /// The proxy is asked for the address.
    Tor,
    /// A block route keeps it from being resolved.
    Blocked,
}

impl Lookup {
    pub(crate) fn of(config: &Config, target: &Target, process: Process<'_>) -> Lookup {
        if target.address.is_some() {
            return Lookup::Needless;
        }
        let hosts = std::fs::read("/etc/hosts").unwrap_or_default();
        let listed = listed(&hosts, &target.host);
        if !listed.is_empty() {
            return Lookup::Hosts(listed);
        }
        let question = Question {
            command: Command::Connect,
            protocol: Protocol::Tcp,
            from: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
            to: Host::Name(&target.host),
            port: None,
            process,
        };
        match (config.route(&question), config.resolveprotocol) {
            (Decision::Direct(_), _) => Lookup::Here,
            (Decision::Block(_), _) => Lookup::Blocked,
            (_, ResolveProtocol::Local) => Lookup::AllHere,
            (_, ResolveProtocol::Tcp) => Lookup::Servers("TCP", config.nameservers.clone()),
            (_, ResolveProtocol::Udp) => Lookup::Servers("UDP", config.nameservers.clone()),
            (_, ResolveProtocol::Tor) => Lookup::Tor,
            _ => Lookup::StandIn(config.fake_range.0, config.fake_range.1),
        }
    }

    /// Whether the program connects to an address that only the look-up will tell.
    pub(crate) fn leaves_the_address_open(&self) -> bool {
        matches!(self, Lookup::Here | Lookup::AllHere | Lookup::Servers(..) | Lookup::Tor)
    }
}

/// The addresses that the file has for a name; `localhost` is this machine whatever the file says.
fn listed(hosts: &[u8], name: &str) -> Vec<IpAddr> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut addresses = Vec::new();
    for line in String::from_utf8_lossy(hosts).lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let address = words.next().and_then(|word| word.parse().ok());
        if let Some(address) = address.filter(|_| words.any(|word| word.eq_ignore_ascii_case(name))) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() && name.eq_ignore_ascii_case("localhost") {
        addresses.push(Ipv4Addr::LOCALHOST.into());
    }
    addresses
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lookup::Needless => f.write_str("an address: there is nothing to resolve"),
            Lookup::Hosts(addresses) => {
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                write!(f, "{}, says /etc/hosts", addresses.join(", "))
            }
            Lookup::Here => f.write_str("resolved here, past the proxy, as a direct route says"),
            Lookup::AllHere => f.write_str("resolved here, past the proxy, as `resolveprotocol` says"),
            Lookup::StandIn(address, prefix) => {
                write!(f, "resolved by the proxy; the program gets an address from {address}/{prefix}")
            }
            Lookup::Servers(protocol, servers) if servers.is_empty() => {
                write!(f, "asked of the name servers of /etc/resolv.conf by {protocol} through the proxy")
            }
            Lookup::Servers(protocol, servers) => {
                let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
                write!(f, "asked of {} by {protocol} through the proxy", servers.join(", "))
            }
            Lookup::Tor => f.write_str("asked of the proxy, with Tor's command RESOLVE"),
            Lookup::Blocked => f.write_str("asked of nobody: a block route is about this name"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_file() {
        let hosts = b"127.0.0.1 localhost # us\n192.0.2.1\tgate Gate.example\n::1 localhost\nnonsense x\n";
        let addresses = |name| listed(hosts, name).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(addresses("LOCALHOST"), ["127.0.0.1", "::1"]);
        assert_eq!(addresses("gate.example."), ["192.0.2.1"]);
        assert_eq!(addresses("us"), [""; 0]);
        assert_eq!(listed(b"", "localhost"), [IpAddr::from([127, 0, 0, 1])]);
    }
}
