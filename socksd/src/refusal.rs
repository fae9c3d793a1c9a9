//! Why a request was not carried out, and the reply that says so: REP as the errno of our connect translates (RFC 1928, 6).

use std::fmt;
use std::io;
use std::net::SocketAddr;

use rustix::io::Errno;
use socks_proto::socks5::Rep;

use crate::rules::Denial;

/// Why a target was not reached, or not tried.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The command is known or not, but not offered.
    Command,
    /// The rules do not allow it; the address if that is what they judged.
    Denied(Denial, Option<SocketAddr>),
    /// The name holds bytes that no host name has; it was not looked up.
    Unspeakable,
    /// The resolver knows no address of the name, or did not answer.
    UnknownName(io::Error),
    /// The resolver took all the time there was.
    LookupTimedOut,
    /// What should be an address is a name.
    NoAddress,
    /// The target is an address this proxy listens on.
    Loop(SocketAddr),
    /// The name stands for 0.0.0.0 or `::`, which is the proxy's own host to connect(2).
    Unspecified(SocketAddr),
    /// The target did not answer within the time there was.
    TimedOut(SocketAddr),
    /// This host has no address of the target's family.
    FamilyImpossible(SocketAddr),
    /// connect(2) failed.
    Connect(SocketAddr, io::Error),
    /// There is no socket to be had for datagrams.
    Associate(io::Error),
    /// There is no socket to be had to wait for a call on.
    Listen(io::Error),
    /// As many calls are waited for as may be at a time.
    TooManyWaiting,
    /// Nobody who may called within the time there was.
    NobodyCalled,
}

impl Refusal {
    /// The reply code.
    pub(crate) fn rep(&self) -> Rep {
        match self {
            Refusal::Command => Rep::COMMAND_NOT_SUPPORTED,
            Refusal::FamilyImpossible(_) | Refusal::NoAddress => Rep::ADDRESS_TYPE_NOT_SUPPORTED,
            Refusal::Unspeakable | Refusal::UnknownName(_) | Refusal::LookupTimedOut => Rep::HOST_UNREACHABLE,
            Refusal::Denied(..) | Refusal::Loop(_) | Refusal::Unspecified(_) => Rep::NOT_ALLOWED,
            Refusal::TimedOut(_) | Refusal::NobodyCalled => Rep::TTL_EXPIRED,
            Refusal::TooManyWaiting => Rep::GENERAL_FAILURE,
            Refusal::Connect(_, error) | Refusal::Associate(error) | Refusal::Listen(error) => rep_of(error),
        }
    }

    /// The target's address, where one was found.
    pub(crate) fn target(&self) -> Option<SocketAddr> {
        match self {
            Refusal::Loop(target)
            | Refusal::Unspecified(target)
            | Refusal::TimedOut(target)
            | Refusal::FamilyImpossible(target)
            | Refusal::Connect(target, _)
            | Refusal::Denied(_, Some(target)) => Some(*target),
            _ => None,
        }
    }

    /// Of two addresses that failed, the one that got further tells the application more.
    pub(crate) fn or_further(self, other: Refusal) -> Refusal {
        if other.distance() > self.distance() { other } else { self }
    }

    fn distance(&self) -> u8 {
        match self.rep() {
            Rep::CONNECTION_REFUSED => 5,
            Rep::TTL_EXPIRED => 4,
            Rep::HOST_UNREACHABLE => 3,
            Rep::NETWORK_UNREACHABLE => 2,
            Rep::NOT_ALLOWED => 1,
            _ => 0,
        }
    }
}

fn rep_of(error: &io::Error) -> Rep {
    match Errno::from_io_error(error) {
        Some(Errno::NETDOWN | Errno::NETUNREACH) => Rep::NETWORK_UNREACHABLE,
        Some(Errno::HOSTDOWN | Errno::HOSTUNREACH) => Rep::HOST_UNREACHABLE,
        Some(Errno::CONNREFUSED | Errno::CONNRESET) => Rep::CONNECTION_REFUSED,
        Some(Errno::TIMEDOUT) => Rep::TTL_EXPIRED,
        Some(Errno::ACCESS | Errno::PERM) => Rep::NOT_ALLOWED,
        Some(Errno::AFNOSUPPORT) => Rep::ADDRESS_TYPE_NOT_SUPPORTED,
        _ => Rep::GENERAL_FAILURE,
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Command => f.write_str("command not supported"),
            Refusal::Denied(denial, _) => denial.fmt(f),
            Refusal::Unspeakable => f.write_str("no host name"),
            Refusal::UnknownName(error) => write!(f, "unknown name: {error}"),
            Refusal::LookupTimedOut => f.write_str("name lookup timed out"),
            Refusal::NoAddress => f.write_str("a name is no address"),
            Refusal::Loop(_) => f.write_str("the target is this proxy"),
            Refusal::Unspecified(_) => f.write_str("the target is no address of a host"),
            Refusal::TimedOut(_) => f.write_str("connect timed out"),
            Refusal::FamilyImpossible(_) => f.write_str("no address of this family here"),
            Refusal::Connect(_, error) => write!(f, "{error}"),
            Refusal::Associate(error) => write!(f, "no socket for datagrams: {error}"),
            Refusal::Listen(error) => write!(f, "cannot listen: {error}"),
            Refusal::TooManyWaiting => f.write_str("too many calls are waited for"),
            Refusal::NobodyCalled => f.write_str("nobody called"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_errno_has_its_reply() {
        let rep = |errno: Errno| rep_of(&errno.into());
        assert_eq!(rep(Errno::NETDOWN), Rep::NETWORK_UNREACHABLE);
        assert_eq!(rep(Errno::NETUNREACH), Rep::NETWORK_UNREACHABLE);
        assert_eq!(rep(Errno::HOSTDOWN), Rep::HOST_UNREACHABLE);
        assert_eq!(rep(Errno::HOSTUNREACH), Rep::HOST_UNREACHABLE);
        assert_eq!(rep(Errno::CONNREFUSED), Rep::CONNECTION_REFUSED);
        assert_eq!(rep(Errno::CONNRESET), Rep::CONNECTION_REFUSED);
        assert_eq!(rep(Errno::TIMEDOUT), Rep::TTL_EXPIRED);
        assert_eq!(rep(Errno::ACCESS), Rep::NOT_ALLOWED);
        assert_eq!(rep(Errno::PERM), Rep::NOT_ALLOWED);
        assert_eq!(rep(Errno::AFNOSUPPORT), Rep::ADDRESS_TYPE_NOT_SUPPORTED);
        assert_eq!(rep(Errno::MFILE), Rep::GENERAL_FAILURE);
        assert_eq!(rep_of(&io::Error::other("no errno")), Rep::GENERAL_FAILURE);
    }

    #[test]
    fn the_address_that_got_further_is_told() {
        let target: SocketAddr = "192.0.2.7:80".parse().unwrap();
        let failed = |errno: Errno| Refusal::Connect(target, errno.into());
        let told = failed(Errno::CONNREFUSED).or_further(failed(Errno::NETUNREACH));
        assert_eq!(told.rep(), Rep::CONNECTION_REFUSED);
        let told = failed(Errno::NETUNREACH).or_further(Refusal::TimedOut(target));
        assert_eq!(told.rep(), Rep::TTL_EXPIRED);
    }
}
