//! The whole configuration as plain data, whatever it was read from.

use crate::{BindPolicy, Proxy, ResolveProtocol, Route, UdpFallback, Warning};
use std::ffi::OsStr;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

/// Everything a file or the environment said.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where it was read from.
    pub source: Source,
    /// How the application's names are resolved.
    pub resolveprotocol: ResolveProtocol,
    /// The name servers to ask, through the proxy, in this order.
    pub nameservers: Vec<SocketAddr>,
    /// What becomes of datagrams whose proxy cannot carry them.
    pub udp: UdpFallback,
    /// When a proxy is asked to listen in the application's place.
    pub bind: BindPolicy,
    /// Where log lines go.
    pub logoutput: Vec<LogTarget>,
    /// Where errors go in addition.
    pub errorlog: Vec<LogTarget>,
    /// How much is logged: 0 is little.
    pub debug: u32,
    /// How long reaching the proxy and the whole handshake may take; `None` leaves it to the kernel.
    pub timeout_connect: Option<Duration>,
    /// The addresses handed out for names that only the proxy resolves: network and prefix length.
    pub fake_range: (Ipv4Addr, u8),
    /// How the routes are searched.
    pub search: Search,
    /// Every proxy; [`Via::Proxies`](crate::Via::Proxies) holds indices into this list.
    pub proxies: Vec<Proxy>,
    /// The routes in the order of the file.
    pub routes: Vec<Route>,
    /// Direct routes to the proxies themselves, asked before all others; only where Dante's rules hold.
    pub automatic: Vec<Route>,
    /// Whether the file itself holds a password.
    pub holds_password: bool,
    /// What was accepted but means less, or something else, than its author may think.
    pub warnings: Vec<Warning>,
}

impl Config {
    /// A configuration without routes, with the defaults of every key.
    pub fn new(source: Source, search: Search) -> Config {
        Config {
            source,
            resolveprotocol: ResolveProtocol::Fake,
            nameservers: Vec::new(),
            udp: UdpFallback::Block,
            bind: BindPolicy::Auto,
            logoutput: Vec::new(),
            errorlog: Vec::new(),
            debug: 0,
            timeout_connect: Some(Duration::from_secs(60)),
            fake_range: (Ipv4Addr::new(198, 18, 0, 0), 15),
            search,
            proxies: Vec::new(),
            routes: Vec::new(),
            automatic: Vec::new(),
            holds_password: false,
            warnings: Vec::new(),
        }
    }

    /// Whether a route is about some programs only.
    pub fn names_programs(&self) -> bool {
        self.routes.iter().any(|route| !route.callers.programs.is_empty())
    }

    /// Whether a route is about some users only.
    pub fn names_users(&self) -> bool {
        self.routes.iter().any(|route| !route.callers.users.is_empty())
    }
}

/// What a configuration was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// The environment; this variable was the first that named a proxy or a route.
    Environment(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(file) => write!(f, "{}", file.display()),
            Source::Environment(variable) => write!(f, "${variable}"),
        }
    }
}

/// One target of `logoutput` or `errorlog`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// Standard error of the application.
    Stderr,
    /// Standard output of the application.
    Stdout,
    /// syslog, with the facility when one was given.
    Syslog(Option<String>),
    /// A file to append to.
    File(PathBuf),
}

impl LogTarget {
    /// What Dante's word for it means.
    pub fn from_bytes(word: &[u8]) -> LogTarget {
        match word {
            b"stderr" => LogTarget::Stderr,
            b"stdout" => LogTarget::Stdout,
            b"syslog" => LogTarget::Syslog(None),
            _ => match word.strip_prefix(b"syslog/") {
                Some(facility) => LogTarget::Syslog(Some(String::from_utf8_lossy(facility).into_owned())),
                None => LogTarget::File(PathBuf::from(OsStr::from_bytes(word))),
            },
        }
    }

    /// The facility, when syslog has none of that name.
    pub(crate) fn unknown_facility(&self) -> Option<&str> {
        const FACILITIES: &[&str] = &[
            "user", "auth", "authpriv", "daemon", "local0", "local1", "local2", "local3", "local4", "local5",
            "local6", "local7",
        ];
        match self {
            LogTarget::Syslog(Some(facility)) if !FACILITIES.contains(&facility.as_str()) => Some(facility),
            _ => None,
        }
    }
}

/// How [`Config::route`] walks the routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// Dante's way: once over all routes for each proxy protocol, in the order direct, socks_v4, socks_v5,
    /// http. File order counts only among routes that serve the same protocol.
    ByProxyProtocol,
    /// The first route that matches decides: TOML files and proxy URLs.
    FirstMatch,
}
