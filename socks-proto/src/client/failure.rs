//! How a dialogue with a proxy fails, in the proxy's own terms.

use crate::decode::Malformed;
use crate::http::Status;
use crate::socks4::Cd;
use crate::socks5::{Method, Rep};
use std::fmt;

/// Why the proxy did not do what was asked.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The proxy accepts none of the methods offered.
    NoAcceptableMethod,
    /// The proxy chose a method that was not offered.
    MethodNotOffered(Method),
    /// The proxy refused the user name and password, with this STATUS.
    AuthenticationRefused {
        /// STATUS of the reply (RFC 1929), anything but 00.
        status: u8,
    },
    /// A SOCKS5 reply with this REP.
    Reply(Rep),
    /// A SOCKS4 reply with this CD.
    Reply4(Cd),
    /// An HTTP response with this status.
    Status(Status),
    /// The proxy closed or reset the connection where an answer was due.
    Closed(Stage),
    /// What came is not SOCKS, or not HTTP where that is spoken.
    Malformed {
        /// What was being waited for.
        stage: Stage,
        /// What was wrong with it.
        error: Malformed,
    },
}

/// The answer that a proxy owes at some point of the dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The choice of a method.
    Method,
    /// The verdict over user name and password.
    Authentication,
    /// The reply to the request.
    Reply,
    /// The second reply to BIND.
    SecondReply,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "method choice",
            Self::Authentication => "password reply",
            Self::Reply => "reply",
            Self::SecondReply => "second reply",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAcceptableMethod => {
                f.write_str("the proxy accepts none of the authentication methods offered")
            }
            Self::MethodNotOffered(method) => {
                write!(f, "the proxy chose a method that was not offered: {method}")
            }
            Self::AuthenticationRefused { status } => {
                write!(f, "the proxy refused the user name and password (status {status:02x})")
            }
            Self::Reply(rep) => write!(f, "the proxy replied {rep}"),
            Self::Reply4(cd) => write!(f, "the proxy replied {cd}"),
            Self::Status(status) => write!(f, "the proxy replied {status}"),
            Self::Closed(stage) => {
                write!(f, "the proxy closed the connection before its {stage} was complete")
            }
            Self::Malformed { stage, error } => {
                let spoken = match error {
                    Malformed::StatusLine(_) | Malformed::HeaderTooLong => "HTTP",
                    _ => "SOCKS",
                };
                write!(f, "the proxy's {stage} is not {spoken}: {error}")
            }
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_the_proxy_said() {
        let error = Malformed::Version { expected: 0x05, came: b'H' };
        for (failure, said) in [
            (Failure::Reply(Rep::NOT_ALLOWED), "the proxy replied 02 (not allowed by the rules)"),
            (Failure::Reply(Rep(0xa0)), "the proxy replied a0 (unassigned)"),
            (Failure::Reply4(Cd::NO_IDENTD), "the proxy replied 5c (the proxy cannot reach identd)"),
            (
                Failure::MethodNotOffered(Method::GSSAPI),
                "the proxy chose a method that was not offered: GSSAPI",
            ),
            (
                Failure::AuthenticationRefused { status: 2 },
                "the proxy refused the user name and password (status 02)",
            ),
            (Failure::Status(Status::FORBIDDEN), "the proxy replied 403 (forbidden)"),
            (
                Failure::Malformed { stage: Stage::Reply, error: Malformed::StatusLine(0x05) },
                "the proxy's reply is not HTTP: expected the status line of HTTP/1, got 05 in it (SOCKS5)",
            ),
            (Failure::Closed(Stage::Reply), "the proxy closed the connection before its reply was complete"),
            (
                Failure::Malformed { stage: Stage::Method, error },
                "the proxy's method choice is not SOCKS: expected version 05, got 48 (perhaps HTTP)",
            ),
        ] {
            assert_eq!(failure.to_string(), said);
        }
    }
}
