//! What a version of SOCKS, or HTTP, has no words for, found before anything is sent.

use crate::address::{Address, Host};
use crate::command::Command;
use crate::credentials::Credentials;
use crate::http;
use crate::socks4::means_name;
use crate::version::Version;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// Why a request cannot be made in the version at hand.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsendable {
    /// The version does not have the command.
    Command(Version, Command),
    /// SOCKS4 does not have names.
    Name,
    /// The name of the root, `.`, leaves nothing to send.
    EmptyName,
    /// SOCKS4 and 4a do not have IPv6.
    Ipv6,
    /// `0.0.0.x` announces a name in SOCKS4a.
    AnnouncesName(Ipv4Addr),
    /// USERID is ended by NUL, so a user name with a NUL in it would be cut.
    UsernameWithNul,
    /// The name has bytes that cannot stand in a request line of HTTP, or that mean something else there.
    NameInRequestLine,
    /// The user name of Basic ends at the first colon.
    UsernameWithColon,
}

/// Judges a target in canonical form.
pub(super) fn check(
    version: Version,
    command: Command,
    target: &Address,
    credentials: Option<&Credentials>,
) -> Result<(), Unsendable> {
    if matches!(target.host, Host::Name(name) if name.as_bytes() == b".") {
        return Err(Unsendable::EmptyName);
    }
    if version == Version::Socks5 {
        return Ok(());
    }
    check_command(version, command)?;
    if version == Version::Http {
        return check_http(&target.host, credentials);
    }
    check_host(version, &target.host)?;
    match credentials {
        Some(credentials) if credentials.username().contains(&0) => Err(Unsendable::UsernameWithNul),
        _ => Ok(()),
    }
}

fn check_http(host: &Host, credentials: Option<&Credentials>) -> Result<(), Unsendable> {
    match (host, credentials) {
        (Host::Name(name), _) if !http::can_carry(name.as_bytes()) => Err(Unsendable::NameInRequestLine),
        (_, Some(pair)) if pair.username().contains(&b':') => Err(Unsendable::UsernameWithColon),
        _ => Ok(()),
    }
}

fn check_command(version: Version, command: Command) -> Result<(), Unsendable> {
    match (version, command) {
        (_, Command::Connect) | (Version::Socks4a, Command::Resolve) => Ok(()),
        (Version::Socks4 | Version::Socks4a, Command::Bind) => Ok(()),
        _ => Err(Unsendable::Command(version, command)),
    }
}

fn check_host(version: Version, host: &Host) -> Result<(), Unsendable> {
    match *host {
        Host::Name(_) if version == Version::Socks4 => Err(Unsendable::Name),
        Host::Ip(IpAddr::V6(_)) => Err(Unsendable::Ipv6),
        Host::Ip(IpAddr::V4(ip)) if means_name(ip) => Err(Unsendable::AnnouncesName(ip)),
        _ => Ok(()),
    }
}

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(version, command) => write!(f, "{version} has no {command}"),
            Self::Name => f.write_str("SOCKS4 cannot carry a host name; SOCKS4a and SOCKS5 can"),
            Self::EmptyName => f.write_str("the name . names no host"),
            Self::Ipv6 => f.write_str("SOCKS4 cannot carry an IPv6 address; SOCKS5 can"),
            Self::AnnouncesName(ip) => {
                write!(f, "SOCKS4 cannot carry {ip}: such an address announces a name")
            }
            Self::UsernameWithNul => f.write_str("SOCKS4 cannot carry a user name with a NUL in it"),
            Self::NameInRequestLine => {
                f.write_str("HTTP cannot carry this name: it has bytes that are no part of a host there")
            }
            Self::UsernameWithColon => f.write_str("HTTP cannot carry a user name with a colon in it"),
        }
    }
}

impl std::error::Error for Unsendable {}
