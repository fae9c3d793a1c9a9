//! REP, the outcome a reply states (RFC 1928, 6, and Tor's additions for onion services).

use std::fmt;

/// The REP byte of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rep(pub u8);

impl Rep {
    /// The request was granted.
    pub const SUCCEEDED: Self = Self(0x00);
    /// Something failed that has no code of its own.
    pub const GENERAL_FAILURE: Self = Self(0x01);
    /// The proxy's rules forbid it.
    pub const NOT_ALLOWED: Self = Self(0x02);
    /// The network of the target cannot be reached.
    pub const NETWORK_UNREACHABLE: Self = Self(0x03);
    /// The target cannot be reached, or its name is unknown.
    pub const HOST_UNREACHABLE: Self = Self(0x04);
    /// The target refused.
    pub const CONNECTION_REFUSED: Self = Self(0x05);
    /// The time ran out.
    pub const TTL_EXPIRED: Self = Self(0x06);
    /// The proxy does not have the command.
    pub const COMMAND_NOT_SUPPORTED: Self = Self(0x07);
    /// The proxy does not have the address family.
    pub const ADDRESS_TYPE_NOT_SUPPORTED: Self = Self(0x08);
    /// Tor: the descriptor of the onion service was not found.
    pub const ONION_NOT_FOUND: Self = Self(0xf0);
    /// Tor: the descriptor is invalid.
    pub const ONION_INVALID: Self = Self(0xf1);
    /// Tor: the introduction failed.
    pub const ONION_INTRODUCTION_FAILED: Self = Self(0xf2);
    /// Tor: the rendezvous failed.
    pub const ONION_RENDEZVOUS_FAILED: Self = Self(0xf3);
    /// Tor: client authorisation is missing.
    pub const ONION_AUTHORISATION_MISSING: Self = Self(0xf4);
    /// Tor: client authorisation is wrong.
    pub const ONION_AUTHORISATION_WRONG: Self = Self(0xf5);
    /// Tor: the onion address is invalid.
    pub const ONION_ADDRESS_INVALID: Self = Self(0xf6);
    /// Tor: the introduction timed out.
    pub const ONION_INTRODUCTION_TIMED_OUT: Self = Self(0xf7);

    fn meaning(self) -> &'static str {
        match self {
            Self::SUCCEEDED => "succeeded",
            Self::GENERAL_FAILURE => "general failure",
            Self::NOT_ALLOWED => "not allowed by the rules",
            Self::NETWORK_UNREACHABLE => "network unreachable",
            Self::HOST_UNREACHABLE => "host unreachable",
            Self::CONNECTION_REFUSED => "connection refused",
            Self::TTL_EXPIRED => "TTL expired",
            Self::COMMAND_NOT_SUPPORTED => "command not supported",
            Self::ADDRESS_TYPE_NOT_SUPPORTED => "address type not supported",
            Self::ONION_NOT_FOUND => "onion service descriptor not found",
            Self::ONION_INVALID => "onion service descriptor invalid",
            Self::ONION_INTRODUCTION_FAILED => "onion service introduction failed",
            Self::ONION_RENDEZVOUS_FAILED => "onion service rendezvous failed",
            Self::ONION_AUTHORISATION_MISSING => "onion service authorisation missing",
            Self::ONION_AUTHORISATION_WRONG => "onion service authorisation wrong",
            Self::ONION_ADDRESS_INVALID => "onion service address invalid",
            Self::ONION_INTRODUCTION_TIMED_OUT => "onion service introduction timed out",
            _ => "unassigned",
        }
    }
}

impl fmt::Display for Rep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x} ({})", self.0, self.meaning())
    }
}
