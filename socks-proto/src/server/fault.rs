//! What can be wrong with what a proxy is asked.

use crate::decode::{Malformed, speaks};
use std::fmt;

/// Why a proxy ends the dialogue.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The first byte is the version of no protocol that is accepted.
    Version(u8),
    /// None of the methods offered is acceptable.
    NoAcceptableMethod,
    /// The user name or the password was refused.
    AuthenticationRefused,
    /// A message is malformed.
    Malformed(Malformed),
    /// The name contains what no host name has, such as a blank or a slash.
    Name,
    /// CONNECT to port 0.
    PortZero,
    /// CONNECT to the unspecified address, which would reach the proxy itself.
    Unspecified,
    /// The connection was closed or reset in the middle of the dialogue.
    Closed,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(first) => {
                write!(f, "the first byte {first:02x} is no accepted version{}", speaks(*first))
            }
            Self::NoAcceptableMethod => f.write_str("none of the methods offered is acceptable"),
            Self::AuthenticationRefused => f.write_str("user name or password refused"),
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Name => f.write_str("the name cannot be a host name"),
            Self::PortZero => f.write_str("port 0 cannot be connected to"),
            Self::Unspecified => f.write_str("the unspecified address cannot be connected to"),
            Self::Closed => f.write_str("closed in the middle of the dialogue"),
        }
    }
}

impl std::error::Error for Fault {}
