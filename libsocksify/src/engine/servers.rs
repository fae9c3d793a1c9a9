//! Which name servers are asked, how often and for how long.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::address;
use crate::policy::{self, Path};
use crate::runtime::Runtime;

const FILE: &str = "/etc/resolv.conf";

/// The port of DNS.
const DOMAIN: u16 = 53;

/// A name server and the way to it.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) path: Path,
}

/// What resolv.conf(5) says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResolvConf {
    servers: Vec<IpAddr>,
    /// How long one name server is given.
    pub(super) timeout: Duration,
    /// How often each is asked.
    pub(super) attempts: u32,
}

/// The name servers to ask: the one the application named, else those of the configuration, else those of resolv.conf(5).
/// A server on this machine that the configuration does not name would ask others, past the proxy.
pub(super) fn servers(runtime: &Runtime, named: Option<SocketAddr>, conf: &ResolvConf) -> Vec<Server> {
    if let Some(server) = named.filter(|server| !address::is_local(server.ip())) {
        return vec![Server { address: server, path: policy::of_stream(-1, server) }];
    }
    let configured = &runtime.config.nameservers;
    if !configured.is_empty() {
        return configured.iter().map(|server| Server { address: *server, path: as_told(*server) }).collect();
    }
    let elsewhere = conf.servers.iter().filter(|server| !address::is_local(**server));
    let servers = elsewhere.map(|ip| {
        let server = SocketAddr::new(*ip, DOMAIN);
        Server { address: server, path: policy::of_stream(-1, server) }
    });
    let servers: Vec<Server> = servers.filter(|server| matches!(server.path, Path::Proxied(_))).collect();
    if servers.is_empty() {
        tell_that_there_is_none();
    }
    servers
}

/// The way to a name server of the configuration. One on this machine was written there on purpose.
fn as_told(server: SocketAddr) -> Path {
    if address::is_local(server.ip()) { Path::Direct } else { policy::of_stream(-1, server) }
}

fn tell_that_there_is_none() {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if !TOLD.swap(true, Ordering::Relaxed) {
        log::warn!(
            "a name server is needed, but {FILE} names none that is asked through a proxy: set `nameserver` in the configuration, or SOCKSIFY_NAMESERVER"
        );
    }
}

/// Reads resolv.conf(5).
pub(super) fn resolv_conf() -> ResolvConf {
    ResolvConf::parse(&std::fs::read(FILE).unwrap_or_default())
}

impl ResolvConf {
    fn parse(file: &[u8]) -> ResolvConf {
        let mut conf = ResolvConf { servers: Vec::new(), timeout: Duration::from_secs(5), attempts: 2 };
        for line in file.split(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(line);
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                // libc asks three at most.
                Some("nameserver") if conf.servers.len() < 3 => {
                    conf.servers.extend(words.next().and_then(|server| server.parse::<IpAddr>().ok()));
                }
                Some("options") => words.for_each(|option| conf.set(option)),
                _ => {}
            }
        }
        conf
    }

    /// Whether a server is one of those.
    pub(super) fn names(&self, server: IpAddr) -> bool {
        self.servers.contains(&server)
    }

    /// With the limits that libc has.
    fn set(&mut self, option: &str) {
        let number = |text: &str, most: u32| text.parse::<u32>().ok().map(|number| number.clamp(1, most));
        match option.split_once(':') {
            Some(("timeout", seconds)) => {
                self.timeout =
                    number(seconds, 30).map_or(self.timeout, |seconds| Duration::from_secs(seconds.into()));
            }
            Some(("attempts", times)) => self.attempts = number(times, 5).unwrap_or(self.attempts),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_resolv_conf_says() {
        let file = b"# a comment\nsearch example.org\nnameserver 192.0.2.53\nnameserver  2001:db8::53 \n\
            nameserver fe80::1%eth0\nnameserver 127.0.0.53\nnameserver 192.0.2.54\noptions ndots:2 timeout:3 attempts:9\n";
        let conf = ResolvConf::parse(file);
        let servers = ["192.0.2.53", "2001:db8::53", "127.0.0.53"].map(|server| server.parse().unwrap());
        assert_eq!(
            (conf.servers, conf.timeout, conf.attempts),
            (servers.to_vec(), Duration::from_secs(3), 5)
        );
    }

    #[test]
    fn what_holds_where_it_says_nothing() {
        for file in [&b""[..], b"options timeout:x attempts:", b"options timeout attempts\n\xff\xfe"] {
            let conf = ResolvConf::parse(file);
            assert_eq!((conf.servers, conf.timeout, conf.attempts), (vec![], Duration::from_secs(5), 2));
        }
    }
}
