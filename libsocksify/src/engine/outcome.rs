//! What several answers about one name come to.

use std::net::IpAddr;

use socks_dns::Outcome;

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

/// All addresses that were found, in the order of the questions. Where there are none, an answer that is missing counts
/// for more than one that says there is nothing.
pub(super) fn merged(
    outcomes: impl IntoIterator<Item = Outcome<Vec<IpAddr>>>,
) -> Result<Vec<IpAddr>, Failure> {
    let mut found = Vec::new();
    let mut failure = Failure::NoName;
    for outcome in outcomes {
        match outcome {
            Outcome::Found(addresses) => found.extend(addresses),
            Outcome::NoName => {}
            Outcome::NoData if failure == Failure::NoName => failure = Failure::NoData,
            Outcome::NoData => {}
            Outcome::Failed => failure = Failure::Again,
        }
    }
    if found.is_empty() { Err(failure) } else { Ok(found) }
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
    use super::*;

    #[test]
    fn addresses_of_both_families_come_in_order() {
        let ips = |text: &str| vec![text.parse::<IpAddr>().unwrap()];
        let found = |text| Outcome::Found(ips(text));
        let both = [ips("192.0.2.1"), ips("2001:db8::1")].concat();
        assert_eq!(merged([found("192.0.2.1"), found("2001:db8::1")]), Ok(both));
        for other in [Outcome::NoName, Outcome::NoData, Outcome::Failed] {
            assert_eq!(merged([other, found("192.0.2.1")]), Ok(ips("192.0.2.1")));
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
