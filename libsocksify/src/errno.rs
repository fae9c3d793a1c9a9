//! errno: reading and writing it, and which value stands for each outcome of a dialogue with a proxy.
//!
//! Only values that connect(2) documents reach the application: programs switch over them.

use libc::c_int;
use socks_conf::BlockErrno;
use socks_proto::client::{Failure, Stage};
use socks_proto::http::Status;
use socks_proto::socks4::Cd;
use socks_proto::socks5::Rep;

/// errno of this thread.
pub(crate) fn current() -> c_int {
    // SAFETY: the location is valid for the life of the thread.
    unsafe { *libc::__errno_location() }
}

/// Sets errno of this thread.
pub(crate) fn set(errno: c_int) {
    // SAFETY: the location is valid for the life of the thread.
    unsafe { *libc::__errno_location() = errno }
}

/// The name of an errno that connect(2) documents or a proxy may stand behind; `None` for another.
pub(crate) fn name(errno: c_int) -> Option<&'static str> {
    const NAMES: [(c_int, &str); 16] = [
        (libc::EACCES, "EACCES"),
        (libc::EAGAIN, "EAGAIN"),
        (libc::EBADF, "EBADF"),
        (libc::ECONNABORTED, "ECONNABORTED"),
        (libc::ECONNREFUSED, "ECONNREFUSED"),
        (libc::ECONNRESET, "ECONNRESET"),
        (libc::EHOSTDOWN, "EHOSTDOWN"),
        (libc::EHOSTUNREACH, "EHOSTUNREACH"),
        (libc::EINVAL, "EINVAL"),
        (libc::ENETDOWN, "ENETDOWN"),
        (libc::ENETUNREACH, "ENETUNREACH"),
        (libc::ENOBUFS, "ENOBUFS"),
        (libc::ENOENT, "ENOENT"),
        (libc::EOPNOTSUPP, "EOPNOTSUPP"),
        (libc::EPERM, "EPERM"),
        (libc::ETIMEDOUT, "ETIMEDOUT"),
    ];
    NAMES.iter().find(|(number, _)| *number == errno).map(|(_, name)| *name)
}

/// Whether an errno of connect(2) is what somebody answered, as opposed to what is wrong with the socket or the call.
pub(crate) fn is_an_answer(errno: c_int) -> bool {
    [libc::ECONNREFUSED, libc::ENETUNREACH, libc::EHOSTUNREACH, libc::ETIMEDOUT, libc::EACCES]
        .contains(&errno)
}

/// The errno of a call that a route blocks.
pub(crate) fn of_block(errno: BlockErrno) -> c_int {
    match errno {
        BlockErrno::Acces => libc::EACCES,
        BlockErrno::Perm => libc::EPERM,
        BlockErrno::ConnRefused => libc::ECONNREFUSED,
        BlockErrno::NetUnreach => libc::ENETUNREACH,
        BlockErrno::HostUnreach => libc::EHOSTUNREACH,
        BlockErrno::TimedOut => libc::ETIMEDOUT,
    }
}

/// The errno of a CONNECT that failed, by what the proxy said.
pub(crate) fn of_failure(failure: &Failure) -> c_int {
    match failure {
        Failure::NoAcceptableMethod | Failure::AuthenticationRefused { .. } => libc::EACCES,
        Failure::Reply(rep) => of_rep(*rep),
        Failure::Reply4(cd) => of_cd(*cd),
        Failure::Status(status) => of_status(*status),
        // ssh -D says "refused" by closing; nonsense tells nothing at all.
        _ => libc::ECONNREFUSED,
    }
}

/// The errno of a BIND that failed, in listen(2) by the first reply or in accept(2) by the second. A proxy that hangs up on
/// who waits for a call has waited long enough.
pub(crate) fn of_bind_failure(failure: &Failure) -> c_int {
    match failure {
        Failure::Reply(Rep::COMMAND_NOT_SUPPORTED) => libc::EOPNOTSUPP,
        Failure::Closed(Stage::SecondReply) => libc::ETIMEDOUT,
        _ => of_failure(failure),
    }
}

fn of_rep(rep: Rep) -> c_int {
    match rep {
        Rep::NOT_ALLOWED => libc::EACCES,
        Rep::NETWORK_UNREACHABLE => libc::ENETUNREACH,
        Rep::HOST_UNREACHABLE => libc::EHOSTUNREACH,
        Rep::TTL_EXPIRED => libc::ETIMEDOUT,
        // The target's family cannot be used: this value makes programs try the other one.
        Rep::ADDRESS_TYPE_NOT_SUPPORTED => libc::ENETUNREACH,
        // Tor's extended errors of onion services (socks-extensions, ExtendedErrors).
        Rep(0xf0..=0xf3 | 0xf6) => libc::EHOSTUNREACH,
        Rep(0xf4 | 0xf5) => libc::EACCES,
        Rep(0xf7) => libc::ETIMEDOUT,
        _ => libc::ECONNREFUSED,
    }
}

fn of_cd(cd: Cd) -> c_int {
    match cd {
        Cd::NO_IDENTD | Cd::IDENT_MISMATCH => libc::EACCES,
        _ => libc::ECONNREFUSED,
    }
}

fn of_status(status: Status) -> c_int {
    match status {
        Status::UNAUTHORIZED | Status::FORBIDDEN | Status::PROXY_AUTHENTICATION_REQUIRED => libc::EACCES,
        Status::NOT_FOUND => libc::EHOSTUNREACH,
        Status::REQUEST_TIMEOUT | Status::GATEWAY_TIMEOUT => libc::ETIMEDOUT,
        _ => libc::ECONNREFUSED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reply_code_has_a_value_connect_documents() {
        let documented =
            [libc::EACCES, libc::ENETUNREACH, libc::EHOSTUNREACH, libc::ECONNREFUSED, libc::ETIMEDOUT];
        for code in 1..=0xff {
            assert!(documented.contains(&of_failure(&Failure::Reply(Rep(code)))), "reply {code:#04x}");
            assert!(documented.contains(&of_failure(&Failure::Reply4(Cd(code)))), "reply 4 {code:#04x}");
        }
    }

    #[test]
    fn the_table_of_http_statuses() {
        for (code, errno) in [
            (302, libc::ECONNREFUSED),
            (400, libc::ECONNREFUSED),
            (401, libc::EACCES),
            (403, libc::EACCES),
            (404, libc::EHOSTUNREACH),
            (405, libc::ECONNREFUSED),
            (407, libc::EACCES),
            (408, libc::ETIMEDOUT),
            (500, libc::ECONNREFUSED),
            (502, libc::ECONNREFUSED),
            (503, libc::ECONNREFUSED),
            (504, libc::ETIMEDOUT),
        ] {
            assert_eq!(of_failure(&Failure::Status(Status(code))), errno, "status {code}");
        }
    }

    #[test]
    fn the_table_of_reply_codes() {
        let expected = [
            (1, libc::ECONNREFUSED),
            (2, libc::EACCES),
            (3, libc::ENETUNREACH),
            (4, libc::EHOSTUNREACH),
            (5, libc::ECONNREFUSED),
            (6, libc::ETIMEDOUT),
            (7, libc::ECONNREFUSED),
            (8, libc::ENETUNREACH),
            (0xf0, libc::EHOSTUNREACH),
            (0xf4, libc::EACCES),
            (0xf7, libc::ETIMEDOUT),
            (0xff, libc::ECONNREFUSED),
        ];
        for (code, errno) in expected {
            assert_eq!(of_failure(&Failure::Reply(Rep(code))), errno, "reply {code:#04x}");
        }
    }

    #[test]
    fn of_a_bind() {
        assert_eq!(of_bind_failure(&Failure::Reply(Rep::COMMAND_NOT_SUPPORTED)), libc::EOPNOTSUPP);
        assert_eq!(of_bind_failure(&Failure::Reply(Rep::NOT_ALLOWED)), libc::EACCES);
        assert_eq!(of_bind_failure(&Failure::Closed(Stage::Reply)), libc::ECONNREFUSED);
        assert_eq!(of_bind_failure(&Failure::Closed(Stage::SecondReply)), libc::ETIMEDOUT);
    }
}
