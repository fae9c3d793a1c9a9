//! What several answers about one name come to.

use libc::c_int;
use socks_dns::{Host, Outcome};

use crate::hosts::Entry;

/// Why a look-up has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// There is no such name.
    NoName,
    /// The name has nothing of the kind asked for.
    NoData,
    /// Nobody answered, for now.
    Again,
    /// Nobody can be asked.
    Fatal,
}

impl Failure {
    /// The value of `h_errno` for it, of netdb.h.
    pub(crate) fn h_errno(self) -> c_int {
        match self {
            Failure::NoName => 1,
            Failure::Again => 2,
            Failure::Fatal => 3,
            Failure::NoData => 4,
        }
    }

    /// The value that getaddrinfo(3) and getnameinfo(3) have for it.
    pub(crate) fn eai(self) -> c_int {
        match self {
            Failure::NoName => libc::EAI_NONAME,
            Failure::Again => libc::EAI_AGAIN,
            Failure::Fatal => libc::EAI_FAIL,
            Failure::NoData => libc::EAI_NODATA,
        }
    }
}

/// All addresses that were found, in the order of the questions, with the name of the first. Where there are none, an answer
/// that is missing counts for more than one that says there is nothing.
pub(super) fn merged(outcomes: impl IntoIterator<Item = Outcome<Host>>) -> Result<Entry, Failure> {
    let mut found: Option<Entry> = None;
    let mut failure = Failure::NoName;
    for outcome in outcomes {
        match (outcome, &mut found) {
            (Outcome::Found(host), Some(entry)) => entry.addresses.extend(host.addresses),
            (Outcome::Found(Host { name, aliases, addresses }), None) => {
                found = Some(Entry { name, aliases, addresses });
            }
            (Outcome::NoData, _) if failure == Failure::NoName => failure = Failure::NoData,
            (Outcome::NoName | Outcome::NoData, _) => {}
            (Outcome::Failed, _) => failure = Failure::Again,
        }
    }
    found.ok_or(failure)
}

/// What came of a single question.
pub(super) fn result<T>(outcome: Outcome<T>) -> Result<T, Failure> {
    match outcome {
        Outcome::Found(found) => Ok(found),
        Outcome::NoName => Err(Failure::NoName),
        Outcome::NoData => Err(Failure::NoData),
        Outcome::Failed => Err(Failure::Again),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn addresses_of_both_families_come_in_order() {
        let ips = |text: &str| vec![text.parse::<IpAddr>().unwrap()];
        let name = b"www.example".to_vec();
        let found =
            |text| Outcome::Found(Host { name: name.clone(), aliases: Vec::new(), addresses: ips(text) });
        let entry = |addresses| Entry { name: name.clone(), aliases: Vec::new(), addresses };
        let both = [ips("192.0.2.1"), ips("2001:db8::1")].concat();
        assert_eq!(merged([found("192.0.2.1"), found("2001:db8::1")]), Ok(entry(both)));
        for other in [Outcome::NoName, Outcome::NoData, Outcome::Failed] {
            assert_eq!(merged([other, found("192.0.2.1")]), Ok(entry(ips("192.0.2.1"))));
        }
    }

    #[test]
    fn the_graver_reason_counts() {
        let (name, data, failed) = (|| Outcome::NoName, || Outcome::NoData, || Outcome::Failed);
        for (outcomes, failure) in [
            ([name(), name()], Failure::NoName),
            ([name(), data()], Failure::NoData),
            ([data(), data()], Failure::NoData),
            ([data(), failed()], Failure::Again),
            ([failed(), name()], Failure::Again),
        ] {
            assert_eq!(merged(outcomes), Err(failure));
        }
    }
}
