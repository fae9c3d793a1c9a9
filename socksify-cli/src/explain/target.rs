//! `HOST[:PORT]` of the command line.

use std::net::{IpAddr, Ipv6Addr};

/// What the program is asked to reach.
pub(crate) struct Target {
    /// As it was written, without the port.
    pub(crate) host: String,
    /// Its address, when it is one.
    pub(crate) address: Option<IpAddr>,
    /// The port, if one was given.
    pub(crate) port: Option<u16>,
}

impl Target {
    /// Reads `name`, `name:80`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`.
    pub(crate) fn read(text: &str) -> Option<Target> {
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Some(Target { host: text.to_owned(), address: Some(address.into()), port: None });
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                host.parse::<Ipv6Addr>().ok()?;
                (host, port)
            }
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => Some(port.parse::<u16>().ok()?),
            None if port.is_empty() => None,
            None => return None,
        };
        let blank = |c: char| c.is_whitespace() || c.is_control() || c == '/';
        if host.is_empty() || host.len() > 255 || host.contains(blank) {
            return None;
        }
        Some(Target { host: host.to_owned(), address: host.parse().ok(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        let read =
            |text| Target::read(text).map(|target| (target.host, target.address.is_some(), target.port));
        assert_eq!(read("www.example.org"), Some(("www.example.org".into(), false, None)));
        assert_eq!(read("www.example.org:80"), Some(("www.example.org".into(), false, Some(80))));
        assert_eq!(read("192.0.2.1:80"), Some(("192.0.2.1".into(), true, Some(80))));
        assert_eq!(read("2001:db8::1"), Some(("2001:db8::1".into(), true, None)));
        assert_eq!(read("[2001:db8::1]:80"), Some(("2001:db8::1".into(), true, Some(80))));
        assert_eq!(read("[2001:db8::1]"), Some(("2001:db8::1".into(), true, None)));
        for wrong in ["", ":80", "a:b", "a:99999", "[a]:80", "[::1]80", "http://a/", "a b"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
