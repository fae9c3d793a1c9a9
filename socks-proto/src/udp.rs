//! The header in front of every datagram between us and the proxy (RFC 1928, 7).

use crate::address::Address;
use crate::bytes::Bytes;
use crate::decode::{self, Decoded, Malformed};
use crate::socks5::{push_address, read_address};
use std::fmt;

/// The longest header: one with a name of 255 bytes.
pub const MAX_HEADER: usize = 262;

/// What stands in front of the data of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// FRAG: 0 for a whole datagram; whoever does not reassemble drops all others.
    pub frag: u8,
    /// Where the data go, or on the way back where they come from.
    pub address: Address,
}

/// Why a datagram has no header.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpError {
    /// The datagram ends within the header, with at least so many bytes missing.
    Truncated(usize),
    /// The address is no address.
    Malformed(Malformed),
}

/// Writes the header of a whole datagram and gives its length.
pub fn encode_header(address: &Address, out: &mut [u8; MAX_HEADER]) -> usize {
    let mut header = Bytes::<MAX_HEADER>::EMPTY;
    header.push(&[0x00, 0x00, 0x00]);
    push_address(&mut header, address);
    header.copy_to(out)
}

/// Reads the header and its length; the data follow it. RSV may be anything.
pub fn decode(datagram: &[u8]) -> Result<(Header, usize), UdpError> {
    let decoded = decode::decode(datagram, |cursor| {
        let [_, _, frag] = cursor.array()?;
        Ok(Header { frag, address: read_address(cursor)? })
    });
    match decoded {
        Ok(Decoded::Complete(header, length)) => Ok((header, length)),
        Ok(Decoded::Incomplete(missing)) => Err(UdpError::Truncated(missing)),
        Err(malformed) => Err(UdpError::Malformed(malformed)),
    }
}

impl fmt::Display for UdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated(missing) => {
                write!(f, "the datagram ends {missing} or more bytes before its header does")
            }
            Self::Malformed(malformed) => malformed.fmt(f),
        }
    }
}

impl std::error::Error for UdpError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::{address, hex};

    const WHOLE: [(&str, &str, &str); 4] = [
        ("192.0.2.7:53", "00 00 00 01 c0 00 02 07 00 35 70 69 6e 67", "ping"),
        (
            "ns.example.org:53",
            "00 00 00 03 0e 6e 73 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 00 35 70 69 6e 67",
            "ping",
        ),
        (
            "[2001:db8::7]:53",
            "00 00 00 04 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 07 00 35 70 69 6e 67",
            "ping",
        ),
        ("192.0.2.7:53", "00 00 00 01 c0 00 02 07 00 35", ""),
    ];

    fn encoded(address: &Address) -> Vec<u8> {
        let mut header = [0xaa; MAX_HEADER];
        let length = encode_header(address, &mut header);
        header[..length].to_vec()
    }

    #[test]
    fn whole_datagrams() {
        for (target, datagram, data) in WHOLE {
            let datagram = hex(datagram);
            let (header, length) = decode(&datagram).unwrap();
            assert_eq!(header, Header { frag: 0, address: address(target) });
            assert_eq!(&datagram[length..], data.as_bytes());
            assert_eq!(encoded(&address(target)), &datagram[..length]);
        }
    }

    #[test]
    fn fragments_say_so() {
        for (datagram, frag) in
            [("00 00 01 01 c0 00 02 07 00 35 70 69", 0x01), ("00 00 82 01 c0 00 02 07 00 35 6e 67", 0x82)]
        {
            let (header, length) = decode(&hex(datagram)).unwrap();
            assert_eq!((header, length), (Header { frag, address: address("192.0.2.7:53") }, 10));
        }
    }

    #[test]
    fn the_reserved_bytes_may_be_anything() {
        assert_eq!(decode(&hex("ab cd 00 01 c0 00 02 07 00 35")).map(|(_, length)| length), Ok(10));
    }

    #[test]
    fn a_header_cut_short_is_no_header() {
        for (_, datagram, data) in WHOLE {
            let datagram = hex(datagram);
            for count in 0..datagram.len() - data.len() {
                assert!(matches!(decode(&datagram[..count]), Err(UdpError::Truncated(1..))));
            }
        }
    }

    #[test]
    fn what_is_no_address_is_malformed() {
        let error = |datagram| decode(&hex(datagram)).unwrap_err();
        assert_eq!(error("00 00 00 02 c0"), UdpError::Malformed(Malformed::AddressType(0x02)));
        assert!(matches!(error("00 00 00 03 00 00 35"), UdpError::Malformed(Malformed::Name(_))));
        assert!(matches!(error("00 00 00 03 01 00 00 35"), UdpError::Malformed(Malformed::Name(_))));
    }

    #[test]
    fn the_longest_header_fits() {
        let longest = address(&format!("{}:53", "a".repeat(255)));
        assert_eq!(encoded(&longest).len(), MAX_HEADER);
        assert_eq!(decode(&encoded(&longest)), Ok((Header { frag: 0, address: longest }, MAX_HEADER)));
    }

    #[test]
    fn a_mapped_address_is_sent_as_ipv4() {
        let mapped = crate::Host::Ip("::ffff:192.0.2.7".parse().unwrap());
        assert_eq!(encoded(&Address { host: mapped, port: 53 }), hex("00 00 00 01 c0 00 02 07 00 35"));
    }
}
