//! A proxy: where it listens, what it speaks, and the credentials for it.

use crate::set::{Member, Set};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// One proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// What messages call it: the key of the TOML table, else `host:port`.
    pub name: String,
    /// Where it listens.
    pub host: ProxyHost,
    /// Its TCP port.
    pub port: u16,
    /// What it speaks.
    pub protocols: ProxyProtocols,
    /// The user name of RFC 1929, and the USERID of SOCKS4.
    pub username: Option<String>,
    /// The password of RFC 1929.
    pub password: Option<Secret>,
    /// A file that holds the password; [`load`](crate::load) has read it, [`parse`](crate::parse) has not.
    pub password_file: Option<PathBuf>,
    /// Who gets a user name of its own there, so that the proxy can keep their connections apart, as Tor does.
    pub isolate: Option<Isolation>,
}

/// Whose connections a proxy is to keep apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Those of each process that has loaded the configuration; one that forks shares its own with the child.
    Process,
}

/// The address of a proxy as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyHost {
    /// An address.
    Ip(IpAddr),
    /// A name that has to be resolved past the proxy.
    Name(String),
}

impl fmt::Display for ProxyHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProxyHost::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
            ProxyHost::Ip(address) => write!(f, "{address}"),
            ProxyHost::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// What a proxy can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyProtocol {
    /// SOCKS4: CONNECT and BIND for IPv4 addresses.
    SocksV4,
    /// SOCKS4a: SOCKS4 that also takes names.
    SocksV4a,
    /// SOCKS5, RFC 1928.
    SocksV5,
    /// HTTP CONNECT.
    Http,
}

/// A set of proxy protocols.
pub type ProxyProtocols = Set<ProxyProtocol>;

impl Member for ProxyProtocol {
    const ALL: &'static [ProxyProtocol] =
        &[ProxyProtocol::SocksV4, ProxyProtocol::SocksV4a, ProxyProtocol::SocksV5, ProxyProtocol::Http];

    fn bit(self) -> u8 {
        1 << self as u8
    }

    fn word(self) -> &'static str {
        match self {
            ProxyProtocol::SocksV4 => "socks_v4",
            ProxyProtocol::SocksV4a => "socks_v4a",
            ProxyProtocol::SocksV5 => "socks_v5",
            ProxyProtocol::Http => "http",
        }
    }
}

/// Text that must not appear in a log: a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: String) -> Secret {
        Secret(text)
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
