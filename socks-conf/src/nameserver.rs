//! The address of a name server as it is written: `10.0.0.53`, `10.0.0.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`.

use crate::problem::Problem;
use std::net::{IpAddr, SocketAddr};

/// The port of DNS.
const DOMAIN: u16 = 53;

pub(crate) fn parse(word: &str) -> Result<SocketAddr, Problem> {
    let bare = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
    let address = match bare {
        Some(bare) => bare.parse().map(IpAddr::V6).ok(),
        None => word.parse::<IpAddr>().ok(),
    };
    let server = address.map(|address| SocketAddr::new(address, DOMAIN)).or_else(|| word.parse().ok());
    server.filter(|server| can_be_asked(*server)).ok_or_else(|| Problem::NotANameServer(word.to_owned()))
}

fn can_be_asked(server: SocketAddr) -> bool {
    server.port() != 0 && !server.ip().is_unspecified() && !server.ip().is_multicast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_and_without_a_port() {
        for (word, server) in [
            ("10.0.0.53", "10.0.0.53:53"),
            ("10.0.0.53:5353", "10.0.0.53:5353"),
            ("2001:db8::53", "[2001:db8::53]:53"),
            ("[2001:db8::53]", "[2001:db8::53]:53"),
            ("[2001:db8::53]:5353", "[2001:db8::53]:5353"),
        ] {
            assert_eq!(parse(word), Ok(server.parse().unwrap()), "{word}");
        }
    }

    #[test]
    fn nothing_else() {
        for word in [
            "",
            "ns.example",
            "10.0.0.53:",
            "10.0.0.53:0",
            "10.0.0.53:x",
            "[10.0.0.53]",
            "0.0.0.0",
            "224.0.0.251:5353",
            "10.0.0.0/8",
        ] {
            assert_eq!(parse(word), Err(Problem::NotANameServer(word.to_owned())), "{word}");
        }
    }
}
