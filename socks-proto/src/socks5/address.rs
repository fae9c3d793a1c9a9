//! ATYP, address and port, as requests, replies and datagrams have them (RFC 1928, 5).

use crate::address::{Address, Host};
use crate::bytes::Bytes;
use crate::decode::{Cursor, Malformed, Stop};
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

/// Reads ATYP, address and port; the address comes out in canonical form.
pub(crate) fn read_address(cursor: &mut Cursor<'_>) -> Result<Address, Stop> {
    let host = read_host(cursor)?;
    Ok(Address { host: host.canonical(), port: cursor.port()? })
}

/// Reads ATYP and address, asking for the port that follows along with them.
pub(crate) fn read_host(cursor: &mut Cursor<'_>) -> Result<Host, Stop> {
    match cursor.byte()? {
        IPV4 => {
            cursor.at_least(6);
            cursor.array::<4>().map(|ip| Host::Ip(ip.into()))
        }
        IPV6 => {
            cursor.at_least(18);
            cursor.array::<16>().map(|ip| Host::Ip(ip.into()))
        }
        NAME => {
            cursor.at_least(3);
            let length = cursor.byte()?;
            cursor.at_least(usize::from(length).saturating_add(2));
            cursor.name(length).map(Host::Name)
        }
        unknown => Err(Malformed::AddressType(unknown).into()),
    }
}
