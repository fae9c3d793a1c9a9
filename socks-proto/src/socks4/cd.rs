//! CD of a reply, the outcome.

use crate::socks5::Rep;
use std::fmt;

/// The CD byte of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cd(pub u8);

impl Cd {
    /// Granted.
    pub const GRANTED: Self = Self(0x5a);
    /// Rejected or failed.
    pub const REJECTED: Self = Self(0x5b);
    /// The proxy cannot reach identd on our host.
    pub const NO_IDENTD: Self = Self(0x5c);
    /// identd names another user than USERID.
    pub const IDENT_MISMATCH: Self = Self(0x5d);

    fn meaning(self) -> &'static str {
        match self {
            Self::GRANTED => "granted",
            Self::REJECTED => "rejected or failed",
            Self::NO_IDENTD => "the proxy cannot reach identd",
            Self::IDENT_MISMATCH => "identd names another user",
            _ => "unassigned",
        }
    }
}

impl From<Rep> for Cd {
    /// SOCKS4 has one code for everything that is not success.
    fn from(rep: Rep) -> Self {
        if rep == Rep::SUCCEEDED { Self::GRANTED } else { Self::REJECTED }
    }
}

impl fmt::Display for Cd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x} ({})", self.0, self.meaning())
    }
}
