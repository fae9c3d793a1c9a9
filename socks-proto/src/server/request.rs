//! What a proxy is asked for, whichever version it was said in.

use super::{Fault, Version};
use crate::address::{Address, Host};
use crate::command::Command;
use crate::socks4::{self, Userid};
use crate::socks5;

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The version in which to reply.
    pub version: Version,
    /// What is asked for; an unknown code is to be answered with [`Rep::COMMAND_NOT_SUPPORTED`](socks5::Rep::COMMAND_NOT_SUPPORTED).
    pub command: Result<Command, u8>,
    /// The target, in [canonical](Host::canonical) form: a name is never an address literal.
    pub address: Address,
    /// USERID of SOCKS4; empty in SOCKS5.
    pub userid: Userid,
}

impl From<socks4::Request> for Request {
    fn from(request: socks4::Request) -> Self {
        let version = if request.named { Version::Socks4a } else { Version::Socks4 };
        Self { version, command: request.command, address: request.address, userid: request.userid }
    }
}

impl From<socks5::Request> for Request {
    fn from(request: socks5::Request) -> Self {
        let version = Version::Socks5;
        Self { version, command: request.command, address: request.address, userid: Userid::EMPTY }
    }
}

impl Request {
    /// Finds what no rule needs to be asked about.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let connects = self.command == Ok(Command::Connect);
        match self.address.host {
            Host::Name(name) if !is_host_name(name.as_bytes()) => Err(Fault::Name),
            Host::Ip(ip) if connects && ip.is_unspecified() => Err(Fault::Unspecified),
            _ if connects && self.address.port == 0 => Err(Fault::PortZero),
            _ => Ok(()),
        }
    }
}

/// A colon is what remains of an address that is no literal, such as one with a zone or a port.
fn is_host_name(name: &[u8]) -> bool {
    let impossible = |byte: &u8| byte.is_ascii_control() || matches!(byte, b' ' | b'/' | b':');
    name != b"." && !name.iter().any(impossible)
}
