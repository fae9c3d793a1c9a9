//! Words that a keyword does not take, and why.

use crate::problem::Problem;

/// Values that Dante has, or had, and the reasons why we do not.
const REFUSED_VALUES: &[(&str, &str, &str)] = &[
    ("proxyprotocol", "upnp", "UPnP forwards ports on a router, it is no proxy"),
    ("proxyprotocol", "msproxy_v2", "Dante dropped it in version 1.3"),
    ("proxyprotocol", "direct", "write `via: direct`"),
    ("method", "gssapi", "GSSAPI authentication is not built in"),
    ("method", "rfc931", "it is a method of the server's rules"),
    ("method", "pam", "it is a method of the server's rules"),
    ("method", "pam.any", "it is a method of the server's rules"),
    ("method", "pam.address", "it is a method of the server's rules"),
    ("method", "pam.username", "it is a method of the server's rules"),
    ("method", "bsdauth", "it is a method of the server's rules"),
];

/// The complaint about a value that is none of the `accepted`.
pub(crate) fn unknown_value(keyword: &'static str, word: &str, accepted: &'static [&'static str]) -> Problem {
    let refused = REFUSED_VALUES.iter().find(|(key, value, _)| *key == keyword && *value == word);
    match refused {
        Some((_, value, reason)) => Problem::Refused { what: (*value).to_owned(), reason },
        None => Problem::UnknownValue {
            keyword,
            word: word.to_owned(),
            accepted,
            similar: crate::similar::similar(word, accepted.iter().copied()),
        },
    }
}
