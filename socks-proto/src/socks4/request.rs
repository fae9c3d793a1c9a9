//! The request of SOCKS4, and 4a's name behind it.

use super::VERSION;
use crate::address::{Address, Host};
use crate::bytes::{Bytes, Message};
use crate::command::Command;
use crate::decode::{Cursor, Decoded, Malformed, Stop, decode};
use crate::name::Name;
use std::net::{IpAddr, Ipv4Addr};

/// DSTIP which says that a name follows; any last byte but 0 does.
const NAME_FOLLOWS: Ipv4Addr = Ipv4Addr::new(0, 0, 0, 1);

/// What USERID carries: at most 255 bytes, and nothing that proves anything.
pub type Userid = Bytes<255>;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// CD; what SOCKS4 does not have is kept as it came.
    pub command: Result<Command, u8>,
    /// DSTIP, or 4a's name, and DSTPORT.
    pub address: Address,
    /// USERID, often empty.
    pub userid: Userid,
    /// Whether the target came as a 4a name.
    pub named: bool,
}

/// Whether an IPv4 address announces a 4a name, so that the host itself cannot be asked for.
pub(crate) fn means_name(ip: Ipv4Addr) -> bool {
    matches!(ip.octets(), [0, 0, 0, last] if last != 0)
}

/// Asks for `command`, or gives `None` for what the version cannot say.
///
/// That is: an IPv6 address, an IPv4 address that announces a name, a USERID with a NUL in it or of more than 255
/// bytes. A name makes the request one of 4a.
pub fn encode_request(command: Command, target: &Address, userid: &[u8]) -> Option<Message> {
    let host = target.host.canonical();
    let mut request = Message::EMPTY;
    request.push(&[VERSION, command.code()]);
    request.push(&target.port.to_be_bytes());
    request.push(&dst_ip(&host)?.octets());
    push_string(&mut request, userid)?;
    if let Host::Name(name) = host {
        push_string(&mut request, name.as_bytes())?;
    }
    Some(request)
}

fn dst_ip(host: &Host) -> Option<Ipv4Addr> {
    match *host {
        Host::Ip(IpAddr::V4(ip)) if !means_name(ip) => Some(ip),
        Host::Ip(_) => None,
        Host::Name(_) => Some(NAME_FOLLOWS),
    }
}

fn push_string(request: &mut Message, string: &[u8]) -> Option<()> {
    let fits = string.len() <= 255 && !string.contains(&0);
    (fits && request.push(string) && request.push(&[0])).then_some(())
}

/// Reads a request of SOCKS4 or 4a.
pub fn decode_request(bytes: &[u8]) -> Result<Decoded<Request>, Malformed> {
    decode(bytes, |cursor| {
        cursor.at_least(9);
        cursor.version(VERSION)?;
        let command = command(cursor.byte()?);
        let port = cursor.port()?;
        let ip = Ipv4Addr::from(cursor.array::<4>()?);
        let userid = Userid::new(cursor.string()?).ok_or(Malformed::Unterminated)?;
        let host = read_host(cursor, ip)?.canonical();
        Ok(Request { command, address: Address { host, port }, userid, named: means_name(ip) })
    })
}

fn command(cd: u8) -> Result<Command, u8> {
    match Command::try_from(cd)? {
        Command::UdpAssociate | Command::ResolvePtr => Err(cd),
        command => Ok(command),
    }
}

fn read_host(cursor: &mut Cursor<'_>, ip: Ipv4Addr) -> Result<Host, Stop> {
    if !means_name(ip) {
        return Ok(Host::Ip(ip.into()));
    }
    Ok(Host::Name(Name::new(cursor.string()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::{address, hex};

    #[test]
    fn the_longest_request_is_read_whole() {
        let target = address(&format!("{}:80", "n".repeat(255)));
        let request = encode_request(Command::Connect, &target, &[b'u'; 255]).unwrap();
        assert_eq!(request.as_bytes().len(), 520);
        let Ok(Decoded::Complete(request, 520)) = decode_request(request.as_bytes()) else { panic!() };
        assert_eq!((request.address, request.userid.as_bytes()), (target, [b'u'; 255].as_slice()));
    }

    #[test]
    fn what_cannot_be_said_is_not() {
        let says = |target, userid| encode_request(Command::Connect, &address(target), userid).is_some();
        assert!(says("192.0.2.7:80", b""));
        assert!(says("0.0.0.0:80", b""));
        assert!(!says("0.0.0.1:80", b""));
        assert!(!says("[2001:db8::7]:80", b""));
        assert!(!says("192.0.2.7:80", b"b\0b"));
        assert!(!says("192.0.2.7:80", &[b'u'; 256]));
    }

    #[test]
    fn only_0_0_0_x_announces_a_name() {
        let named = |request| match decode_request(&hex(request)) {
            Ok(Decoded::Complete(request, 9)) => Some(request.named),
            _ => None,
        };
        assert_eq!(named("04 01 00 50 00 00 00 00 00"), Some(false));
        assert_eq!(named("04 01 00 50 00 00 01 00 00"), Some(false));
        assert_eq!(decode_request(&hex("04 01 00 50 00 00 00 01 00")), Ok(Decoded::Incomplete(1)));
    }
}
