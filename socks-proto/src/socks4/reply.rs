//! The reply of SOCKS4.

use super::{Cd, REPLY_VERSION, VERSION};
use crate::address::{Address, Host};
use crate::bytes::Message;
use crate::decode::{Decoded, Malformed, decode};
use std::net::{IpAddr, Ipv4Addr};

/// Every reply has 8 bytes.
pub const REPLY_LENGTH: usize = 8;

/// Answers with an outcome and BND; what is not IPv4 is sent as zero, which means the proxy's own address.
pub fn encode_reply(cd: Cd, bnd: &Address) -> Message {
    let mut reply = Message::EMPTY;
    reply.push(&[REPLY_VERSION, cd.0]);
    reply.push(&bnd.port.to_be_bytes());
    reply.push(&dst_ip(bnd).octets());
    reply
}

fn dst_ip(bnd: &Address) -> Ipv4Addr {
    match bnd.host.canonical() {
        Host::Ip(IpAddr::V4(ip)) => ip,
        _ => Ipv4Addr::UNSPECIFIED,
    }
}

/// Reads a reply: BND of a success, or CD of a failure.
///
/// A failure is complete with its CD, as in SOCKS5. VN should be 00, but whatever stands in front of a code that only
/// SOCKS4 has is let pass.
pub fn decode_reply(bytes: &[u8]) -> Result<Decoded<Result<Address, Cd>>, Malformed> {
    decode(bytes, |cursor| {
        cursor.at_least(REPLY_LENGTH);
        let version = cursor.byte()?;
        let cd = Cd(cursor.byte()?);
        match (version, cd) {
            (_, Cd::GRANTED) => {}
            (REPLY_VERSION | VERSION, _) | (_, Cd(0x5b..=0x5d)) => return Ok(Err(cd)),
            _ => return Err(Malformed::Version { expected: REPLY_VERSION, came: version }.into()),
        }
        let port = cursor.port()?;
        let ip = Ipv4Addr::from(cursor.array::<4>()?);
        Ok(Ok(Address { host: Host::Ip(ip.into()), port }))
    })
}
