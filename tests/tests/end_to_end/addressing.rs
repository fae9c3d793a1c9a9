//! The ways to say where the target is.

use end_to_end::plan::{NAME, TARGET};

/// How a program is told where the target is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Addressing {
    /// By a name that only the proxy host can resolve.
    Name,
    V4,
    V6,
}

impl Addressing {
    pub(crate) const ALL: [Addressing; 3] = [Addressing::Name, Addressing::V4, Addressing::V6];

    /// As it appears in the names of tests.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Addressing::Name => "name",
            Addressing::V4 => "ipv4",
            Addressing::V6 => "ipv6",
        }
    }

    /// As most programs take it.
    pub(crate) fn host(self) -> String {
        match self {
            Addressing::Name => NAME.to_owned(),
            Addressing::V4 => TARGET.v4.to_string(),
            Addressing::V6 => TARGET.v6.to_string(),
        }
    }

    /// As it stands in a URL.
    pub(crate) fn authority(self) -> String {
        match self {
            Addressing::V6 => format!("[{}]", self.host()),
            _ => self.host(),
        }
    }
}
