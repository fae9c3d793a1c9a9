//! What became of the datagrams of one association.

use std::fmt;

/// Datagrams counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// From the application to a target.
    pub(crate) sent: u64,
    /// From a target to the application.
    pub(crate) received: u64,
    /// Not relayed, in either direction.
    pub(crate) dropped: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sent {} received {} dropped {}", self.sent, self.received, self.dropped)
    }
}
