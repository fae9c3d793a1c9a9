//! The proxy's reply in the version of the request.

use super::Version;
use crate::address::Address;
use crate::bytes::Message;
use crate::socks4::{self, Cd};
use crate::socks5::{self, Rep};

pub use crate::socks5::MAX_REPLY;

/// Writes the reply and gives its length; SOCKS4 knows only granted and rejected.
pub fn encode_reply(version: Version, rep: Rep, bnd: &Address, out: &mut [u8; MAX_REPLY]) -> usize {
    message(version, rep, bnd).copy_to(out)
}

pub(super) fn message(version: Version, rep: Rep, bnd: &Address) -> Message {
    match version {
        Version::Socks5 => socks5::encode_reply(rep, bnd),
        Version::Socks4 | Version::Socks4a => socks4::encode_reply(Cd::from(rep), bnd),
        // No request in it is ever taken here.
        Version::Http => Message::EMPTY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::{address, hex};

    fn encoded(version: Version, rep: Rep, bnd: &str) -> Vec<u8> {
        let mut out = [0xaa; MAX_REPLY];
        let length = encode_reply(version, rep, &address(bnd), &mut out);
        out[..length].to_vec()
    }

    #[test]
    fn socks5_says_the_code_and_any_address() {
        let encoded = |rep, bnd| encoded(Version::Socks5, rep, bnd);
        assert_eq!(encoded(Rep::SUCCEEDED, "198.51.100.1:45261"), hex("05 00 00 01 c6 33 64 01 b0 cd"));
        assert_eq!(encoded(Rep::CONNECTION_REFUSED, "0.0.0.0:0"), hex("05 05 00 01 00 00 00 00 00 00"));
        assert_eq!(
            encoded(Rep::HOST_UNREACHABLE, "proxy.example:1080"),
            hex("05 04 00 03 0d 70 72 6f 78 79 2e 65 78 61 6d 70 6c 65 04 38")
        );
    }

    #[test]
    fn socks4_says_granted_or_rejected_and_an_ipv4_address() {
        for version in [Version::Socks4, Version::Socks4a] {
            let encoded = |rep, bnd| encoded(version, rep, bnd);
            assert_eq!(encoded(Rep::SUCCEEDED, "198.51.100.1:45261"), hex("00 5a b0 cd c6 33 64 01"));
            assert_eq!(encoded(Rep::NOT_ALLOWED, "0.0.0.0:0"), hex("00 5b 00 00 00 00 00 00"));
            assert_eq!(encoded(Rep::SUCCEEDED, "[2001:db8::1]:1"), hex("00 5a 00 01 00 00 00 00"));
            assert_eq!(encoded(Rep::SUCCEEDED, "proxy.example:1080"), hex("00 5a 04 38 00 00 00 00"));
        }
    }

    #[test]
    fn the_longest_reply_fits() {
        let bnd = format!("{}:80", "a".repeat(255));
        assert_eq!(encoded(Version::Socks5, Rep::HOST_UNREACHABLE, &bnd).len(), MAX_REPLY);
    }
}
