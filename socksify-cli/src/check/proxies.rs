//! Each proxy: whether it is there, lets us in, and what it does for us.

use super::dialogue::{Trouble, ask};
use super::finding::{Findings, Verdict};
use crate::error::Error;
use crate::explain::Target;
use socks_conf::{Config, Proxy, ProxyHost, ProxyProtocol, Via};
use socks_proto::client::{Unsendable, Version};
use socks_proto::{Address, Command, Host, Name};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// How long each step may take where the configuration sets no limit.
const PATIENCE: Duration = Duration::from_secs(10);

/// What HTTP proxies are asked for, which have no request but CONNECT: a name that nobody has (RFC 6761).
const NOBODY: &[u8] = b"nobody.invalid";

pub(crate) fn examine(
    config: &Config,
    target: Option<&Target>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let limit = config.timeout_connect.map_or(PATIENCE, |limit| limit.min(PATIENCE));
    for (index, proxy) in config.proxies.iter().enumerate() {
        let used = |via: &Via| matches!(via, Via::Proxies(indices) if indices.contains(&index));
        let what = format!("proxy {}", proxy.name);
        if !config.routes.iter().any(|route| used(&route.via)) {
            findings.add(what, Verdict::Skipped, "no route leads to it", None)?;
            continue;
        }
        if !config.routes.iter().any(|route| route.entrances().contains(&index)) {
            findings.add(what, Verdict::Skipped, "it stands behind others in a chain", None)?;
            continue;
        }
        if let Some(place) = reach(&what, proxy, limit, findings)? {
            Examination { what, proxy, place, limit }.all(target, findings)?;
        }
    }
    Ok(())
}

/// The first of the proxy's addresses that can be reached.
fn reach(
    what: &str,
    proxy: &Proxy,
    limit: Duration,
    findings: &mut Findings,
) -> Result<Option<SocketAddr>, Error> {
    let places = match addresses(proxy) {
        Ok(places) => places,
        Err(error) => {
            findings.add(what, Verdict::Failed, format!("cannot be resolved: {error}"), None)?;
            return Ok(None);
        }
    };
    let mut last = "has no address".to_owned();
    for place in places {
        let started = Instant::now();
        match TcpStream::connect_timeout(&place, limit) {
            Ok(_) => {
                let detail = format!("reached at {place}");
                findings.add(what, Verdict::Works, detail, Some(started.elapsed()))?;
                return Ok(Some(place));
            }
            Err(error) => last = format!("cannot be reached at {place}: {error}"),
        }
    }
    findings.add(what, Verdict::Failed, last, None)?;
    Ok(None)
}

fn addresses(proxy: &Proxy) -> io::Result<Vec<SocketAddr>> {
    match &proxy.host {
        ProxyHost::Ip(address) => Ok(vec![SocketAddr::new(*address, proxy.port)]),
        ProxyHost::Name(name) => Ok((name.as_str(), proxy.port).to_socket_addrs()?.collect()),
    }
}

/// The examination of one proxy that can be reached.
struct Examination<'a> {
    what: String,
    proxy: &'a Proxy,
    place: SocketAddr,
    limit: Duration,
}

impl Examination<'_> {
    fn all(&self, target: Option<&Target>, findings: &mut Findings) -> Result<(), Error> {
        let Some((version, name)) = self.version() else {
            return findings.add(&self.what, Verdict::Failed, "speaks no protocol of ours", None);
        };
        // A request that the protocol has and a proxy may refuse: what counts first is whether it lets us in.
        let first = match version {
            Version::Http => self.ask_for_nobody(),
            _ => self.ask(version, Command::Bind, &self.caller(version)),
        };
        match &first {
            Err(trouble) if !trouble.is_about_the_request(version) => {
                return findings.add(&self.what, Verdict::Failed, format!("{name}: {trouble}"), None);
            }
            _ => findings.add(&self.what, Verdict::Works, self.admission(version, name), None)?,
        }
        self.connect(version, target, findings)?;
        if version == Version::Http {
            return Ok(());
        }
        self.report(
            "bind",
            first.map(|(bnd, took)| (format!("listens on {}", shown(&bnd)), took)),
            findings,
        )?;
        if version == Version::Socks5 {
            let udp = self.ask(version, Command::UdpAssociate, &Address::UNSPECIFIED);
            let udp = udp.map(|(bnd, took)| (format!("takes datagrams at {}", shown(&bnd)), took));
            self.report("udp", udp, findings)?;
        }
        Ok(())
    }

    fn version(&self) -> Option<(Version, &'static str)> {
        let order = [
            (ProxyProtocol::SocksV5, (Version::Socks5, "SOCKS5")),
            (ProxyProtocol::SocksV4a, (Version::Socks4a, "SOCKS4a")),
            (ProxyProtocol::SocksV4, (Version::Socks4, "SOCKS4")),
            (ProxyProtocol::Http, (Version::Http, "HTTP")),
        ];
        let spoken = order.into_iter().find(|(protocol, _)| self.proxy.protocols.contains(*protocol));
        spoken.map(|(_, version)| version)
    }

    fn ask_for_nobody(&self) -> Result<(Address, Duration), Trouble> {
        let name = Name::new(NOBODY).map_err(|_| Trouble::Unsendable(Unsendable::EmptyName))?;
        let target = Address { host: Host::Name(name), port: 443 };
        self.ask(Version::Http, Command::Connect, &target)
    }

    /// Who is to call: SOCKS4 needs an address.
    fn caller(&self, version: Version) -> Address {
        match version {
            Version::Socks5 => Address::UNSPECIFIED,
            _ => Address { host: Host::Ip(Ipv4Addr::new(192, 0, 2, 1).into()), port: 1 },
        }
    }

    fn admission(&self, version: Version, name: &str) -> String {
        match (&self.proxy.username, &self.proxy.password, version) {
            (Some(username), Some(_), Version::Socks5 | Version::Http) => {
                format!("speaks {name} and lets {username} in, by password or without")
            }
            _ => format!("speaks {name} and lets us in"),
        }
    }

    fn connect(
        &self,
        version: Version,
        target: Option<&Target>,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let what = format!("{}, connect", self.what);
        let Some((target, address)) = target.and_then(|target| Some((target, wire(target)?))) else {
            return findings.add(what, Verdict::Skipped, "name a target with --target HOST:PORT", None);
        };
        let by = if target.address.is_some() { "" } else { ", resolved there" };
        let place = format!("{}:{}{by}", target.host, address.port);
        match self.ask(version, Command::Connect, &address) {
            Ok((_, took)) => findings.add(what, Verdict::Works, place, Some(took)),
            Err(trouble) => findings.add(what, Verdict::Failed, format!("{place}: {trouble}"), None),
        }
    }

    /// What many proxies do without is no failure.
    fn report(
        &self,
        command: &str,
        asked: Result<(String, Duration), Trouble>,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let what = format!("{}, {command}", self.what);
        match asked {
            Ok((detail, took)) => findings.add(what, Verdict::Works, detail, Some(took)),
            Err(trouble) => findings.add(what, Verdict::Lacks, trouble.to_string(), None),
        }
    }

    fn ask(
        &self,
        version: Version,
        command: Command,
        target: &Address,
    ) -> Result<(Address, Duration), Trouble> {
        ask(self.proxy, self.place, version, (command, target), self.limit)
    }
}

fn wire(target: &Target) -> Option<Address> {
    let host = match target.address {
        Some(address) => Host::Ip(address),
        None => Host::Name(Name::new(target.host.as_bytes()).ok()?),
    };
    Some(Address { host, port: target.port? })
}

fn shown(bnd: &Address) -> String {
    match &bnd.host {
        Host::Ip(ip) => SocketAddr::new(*ip, bnd.port).to_string(),
        Host::Name(name) => format!("{}:{}", name.as_bytes().escape_ascii(), bnd.port),
    }
}
