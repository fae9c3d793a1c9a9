//! Files that carry our name, or were given to us, and are in another program's format.
//!
//! Told apart by the first word: a Dante file begins with a keyword and a colon or with a route, ours with a
//! TOML key or table.

use std::fmt;

/// A format we know and do not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// The lines of SOCKS4 libraries of the 1990s: `sockd @=proxy address mask`, `direct`, `deny`.
    Socks4Lines,
    /// The access list of a SOCKS4 server: `permit c address`.
    ServerAccessList,
    /// libsocks5.conf of the NEC SOCKS5 library.
    LibSocks5,
    /// proxychains.conf.
    Proxychains,
    /// torsocks.conf.
    Torsocks,
    /// tsocks.conf.
    Tsocks,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Socks4Lines => {
                "the line format of the 1990s SOCKS4 library (sockd, direct, deny), not read yet"
            }
            Format::ServerAccessList => "the access list of a SOCKS server, not a client's configuration",
            Format::LibSocks5 => "a libsocks5.conf of the NEC SOCKS5 library, not read yet",
            Format::Proxychains => "a proxychains.conf, not read yet",
            Format::Torsocks => "a torsocks.conf, not read yet",
            Format::Tsocks => "a tsocks.conf, not read yet",
        })
    }
}

impl Format {
    /// How to say the same in a format we read.
    pub(crate) fn advice(self) -> Option<&'static str> {
        match self {
            Format::Socks4Lines => Some(
                "write: route { from: 0/0 to: ADDRESS/MASK via: PROXY port = 1080 proxyprotocol: socks_v4 }, `via: direct` or `via: block`",
            ),
            Format::ServerAccessList => None,
            _ => Some("write: route { from: 0/0 to: 0/0 via: PROXY port = 1080 proxyprotocol: socks_v5 }"),
        }
    }

    /// The format that a file of another program is in, by its first word and the byte behind it.
    pub(crate) fn recognize(word: &[u8], next: Option<u8>) -> Option<Format> {
        match (word, next) {
            (_, Some(b':')) => None,
            (b"deny" | b"direct" | b"sockd", _) => Some(Format::Socks4Lines),
            (b"[ProxyList]", _) => Some(Format::Proxychains),
            (b"permit", _) => Some(Format::ServerAccessList),
            (b"socks4" | b"socks5" | b"noproxy", _) => Some(Format::LibSocks5),
            (
                b"strict_chain" | b"dynamic_chain" | b"static_chain" | b"random_chain" | b"round_robin_chain"
                | b"chain_len" | b"proxy_dns" | b"quiet_mode" | b"tcp_read_time_out" | b"remote_dns_subnet"
                | b"localnet",
                _,
            ) => Some(Format::Proxychains),
            (
                b"TorAddress"
                | b"TorPort"
                | b"OnionAddrRange"
                | b"SOCKS5Username"
                | b"SOCKS5Password"
                | b"AllowInbound"
                | b"AllowOutboundLocalhost"
                | b"IsolatePID"
                | b"EnableIPv6",
                _,
            ) => Some(Format::Torsocks),
            (
                b"server" | b"server_port" | b"server_type" | b"default_user" | b"default_pass" | b"local"
                | b"reaches" | b"fallback",
                Some(b'='),
            ) => Some(Format::Tsocks),
            (b"path", Some(b'{')) => Some(Format::Tsocks),
            _ => None,
        }
    }
}
