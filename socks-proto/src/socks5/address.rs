//! ATYP, address and port, as requests, replies and datagrams have them (RFC 1928, 5).

use crate::address::{Address, Host};
use crate::bytes::Bytes;
use crate::decode::{Cursor, Malformed, Stop};
use crate::name::Name;
use std::net::IpAddr;

const IPV4: u8 = 0x01;
const NAME: u8 = 0x03;
const IPV6: u8 = 0x04;

/// Appends the address in canonical form.
pub(crate) fn push_address<const N: usize>(out: &mut Bytes<N>, address: &Address) {
    push_host(out, &address.host.canonical());
    out.push(&address.port.to_be_bytes());
}

fn push_host<const N: usize>(out: &mut Bytes<N>, host: &Host) {
    match host {
        Host::Ip(IpAddr::V4(ip)) => {
            out.push(&[IPV4]);
            out.push(&ip.octets());
        }
        Host::Ip(IpAddr::V6(ip)) => {
            out.push(&[IPV6]);
            out.push(&ip.octets());
        }
        Host::Name(name) => {
            let length = u8::try_from(name.as_bytes().len()).unwrap_or(u8::MAX);
            out.push(&[NAME, length]);
            out.push(name.as_bytes());
        }
    }
}

/// An address as it stands in the message, before anything about a name is judged: the message is complete then, and
/// can be answered with nothing of it left unread.
enum Raw<'a> {
    Ip(IpAddr),
    Name(&'a [u8]),
}

impl Raw<'_> {
    fn host(self) -> Result<Host, Stop> {
        match self {
            Self::Ip(ip) => Ok(ip.into()),
            Self::Name(name) => Ok(Host::Name(Name::new(name)?).canonical()),
        }
    }
}

/// Reads ATYP, address and port; the address comes out in canonical form.
pub(crate) fn read_address(cursor: &mut Cursor<'_>) -> Result<Address, Stop> {
    let raw = read_raw(cursor)?;
    let port = cursor.port()?;
    Ok(Address { host: raw.host()?, port })
}

/// Reads the same of a reply, where a name of length 0 is as good as a zero address: nobody connects to it.
pub(crate) fn read_bound(cursor: &mut Cursor<'_>) -> Result<Address, Stop> {
    let raw = read_raw(cursor)?;
    let port = cursor.port()?;
    match raw {
        Raw::Name([]) => Ok(Address { port, ..Address::UNSPECIFIED }),
        raw => Ok(Address { host: raw.host()?, port }),
    }
}

/// Reads ATYP and address, asking for the port that follows along with them.
fn read_raw<'a>(cursor: &mut Cursor<'a>) -> Result<Raw<'a>, Stop> {
    match cursor.byte()? {
        IPV4 => {
            cursor.at_least(6);
            cursor.array::<4>().map(|ip| Raw::Ip(ip.into()))
        }
        IPV6 => {
            cursor.at_least(18);
            cursor.array::<16>().map(|ip| Raw::Ip(ip.into()))
        }
        NAME => {
            cursor.at_least(3);
            let length = usize::from(cursor.byte()?);
            cursor.at_least(length.saturating_add(2));
            cursor.take(length).map(Raw::Name)
        }
        unknown => Err(Malformed::AddressType(unknown).into()),
    }
}
