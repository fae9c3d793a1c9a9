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
