//! Files that carry our name, or were given to us, and are in another program's format: told apart here, most are read.
//!
//! Told apart by the first word: a Dante file begins with a keyword and a colon or with a route, ours with a
//! TOML key or table.

use crate::text::Text;
use std::fmt;

/// A format that is not ours.
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
            Format::Socks4Lines => "a socks.conf of the 1990s (sockd, direct, deny)",
            Format::ServerAccessList => "the access list of a SOCKS server, not a client's configuration",
            Format::LibSocks5 => "a libsocks5.conf of the NEC SOCKS5 library, which is not read",
            Format::Proxychains => "a proxychains.conf",
            Format::Torsocks => "a torsocks.conf",
            Format::Tsocks => "a tsocks.conf",
        })
    }
}

impl Format {
    /// Whether it is read.
    pub(crate) fn is_read(self) -> bool {
        !matches!(self, Format::ServerAccessList | Format::LibSocks5)
    }

    /// How to say the same in a format we read.
    pub(crate) fn advice(self) -> Option<&'static str> {
        match self {
            Format::LibSocks5 => {
                Some("write: route { from: 0/0 to: 0/0 via: PROXY port = 1080 proxyprotocol: socks_v5 }")
            }
            _ => None,
        }
    }

    /// A file with a list of proxies is proxychains', whatever it begins with: settings it does not know are allowed.
    pub(crate) fn of_list(text: &Text<'_>) -> Option<Format> {
        let mut lines = text.bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        lines.any(|line| line == b"[ProxyList]").then_some(Format::Proxychains)
    }

    /// The format that a file of another program is in, by its first word and the byte behind it.
    pub(crate) fn recognize(word: &[u8], next: Option<u8>) -> Option<Format> {
        match (word, next) {
            (_, Some(b':')) => None,
            (b"deny" | b"direct" | b"sockd", _) => Some(Format::Socks4Lines),
            (b"permit", _) => Some(Format::ServerAccessList),
            (b"socks4" | b"socks5" | b"noproxy", _) => Some(Format::LibSocks5),
            (
                b"strict_chain"
                | b"dynamic_chain"
                | b"random_chain"
                | b"round_robin_chain"
                | b"chain_len"
                | b"proxy_dns"
                | b"quiet_mode"
                | b"tcp_read_time_out"
                | b"tcp_connect_time_out"
                | b"remote_dns_subnet"
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
                b"server"
                | b"server_port"
                | b"server_type"
                | b"default_user"
                | b"default_pass"
                | b"local"
                | b"reaches"
                | b"fallback"
                | b"tordns_enable"
                | b"tordns_deadpool_range"
                | b"tordns_cache_size",
                Some(b'='),
            ) => Some(Format::Tsocks),
            (b"path", Some(b'{')) => Some(Format::Tsocks),
            _ => None,
        }
    }
}
