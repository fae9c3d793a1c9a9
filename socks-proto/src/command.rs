//! What a request asks for. The codes of SOCKS4 and SOCKS5 agree wherever both have one.

use std::fmt;

/// A command of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Connect to the target.
    Connect,
    /// Accept one connection from the target.
    Bind,
    /// Relay datagrams (SOCKS5 only).
    UdpAssociate,
    /// Resolve a name (Tor; SOCKS4a and 5).
    Resolve,
    /// Find the name of an address (Tor; SOCKS5 only).
    ResolvePtr,
}

impl Command {
    /// The CMD byte of SOCKS5, and the CD byte of SOCKS4 where it has the command.
    pub const fn code(self) -> u8 {
        match self {
            Self::Connect => 0x01,
            Self::Bind => 0x02,
            Self::UdpAssociate => 0x03,
            Self::Resolve => 0xf0,
            Self::ResolvePtr => 0xf1,
        }
    }
}

impl TryFrom<u8> for Command {
    type Error = u8;

    /// Reads a CMD byte; an unknown one is given back.
    fn try_from(code: u8) -> Result<Self, u8> {
        match code {
            0x01 => Ok(Self::Connect),
            0x02 => Ok(Self::Bind),
            0x03 => Ok(Self::UdpAssociate),
            0xf0 => Ok(Self::Resolve),
            0xf1 => Ok(Self::ResolvePtr),
            unknown => Err(unknown),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "CONNECT",
            Self::Bind => "BIND",
            Self::UdpAssociate => "UDP ASSOCIATE",
            Self::Resolve => "RESOLVE",
            Self::ResolvePtr => "RESOLVE_PTR",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_they_are_written() {
        let known: Vec<u8> = (0..=u8::MAX).filter(|&code| Command::try_from(code).is_ok()).collect();
        assert_eq!(known, [0x01, 0x02, 0x03, 0xf0, 0xf1]);
        assert!(known.iter().all(|&code| Command::try_from(code).map(Command::code) == Ok(code)));
        assert_eq!(Command::try_from(0x04), Err(0x04));
    }
}
