//! The dialects of SOCKS, and what else proxies speak.

use std::fmt;

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// SOCKS4: IPv4 addresses only.
    Socks4,
    /// SOCKS4 with names that the proxy resolves.
    Socks4a,
    /// SOCKS5 (RFC 1928).
    Socks5,
    /// HTTP CONNECT, which [`crate::client`] alone speaks.
    Http,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Socks4 => "SOCKS4",
            Self::Socks4a => "SOCKS4a",
            Self::Socks5 => "SOCKS5",
            Self::Http => "HTTP",
        })
    }
}
