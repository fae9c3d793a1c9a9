//! What the failures of one proxy mean for the attempt.

use libc::c_int;
use socks_proto::client::{Failure, Stage as Answer};
use socks_proto::http::Status;
use socks_proto::socks5::Rep;

/// Whether an errno of connect(2) says something of the proxy; the rest is about the application's socket.
pub(super) fn concerns_the_proxy(errno: c_int) -> bool {
    [
        libc::ECONNREFUSED,
        libc::ECONNRESET,
        libc::ENETUNREACH,
        libc::EHOSTUNREACH,
        libc::ETIMEDOUT,
        libc::ENETDOWN,
        libc::EHOSTDOWN,
    ]
    .contains(&errno)
}

/// Whether the proxy only cannot do what it was asked.
pub(super) fn says_unable(failure: &Failure) -> bool {
    [
        Failure::Reply(Rep::COMMAND_NOT_SUPPORTED),
        Failure::Reply(Rep::ADDRESS_TYPE_NOT_SUPPORTED),
        Failure::Status(Status::METHOD_NOT_ALLOWED),
        Failure::Status(Status::NOT_IMPLEMENTED),
    ]
    .contains(failure)
}

/// Whether the proxy does not let us in.
pub(super) fn is_about_authentication(failure: &Failure) -> bool {
    let refused = Failure::Status(Status::PROXY_AUTHENTICATION_REQUIRED);
    *failure == refused
        || matches!(failure, Failure::NoAcceptableMethod | Failure::AuthenticationRefused { .. })
}

/// How proxies answer that have no UDP: with a reply code, by closing (`ssh -D`), or with no method they would take.
pub(super) fn says_no_udp(failure: &Failure) -> bool {
    match failure {
        Failure::Reply(rep) => *rep == Rep::COMMAND_NOT_SUPPORTED,
        Failure::NoAcceptableMethod => true,
        Failure::Closed(answer) => *answer == Answer::Reply,
        _ => false,
    }
}

/// Whether the proxy serves nobody: it closes before it has said a word, where it would speak first.
pub(super) fn serves_nobody(failure: &Failure) -> bool {
    *failure == Failure::Closed(Answer::Method)
}

/// Whether the proxy has heard the request, and only could not do it.
pub(super) fn is_about_the_request(failure: &Failure) -> bool {
    match failure {
        Failure::Reply(_) | Failure::Reply4(_) | Failure::Closed(Answer::Reply) => !says_unable(failure),
        Failure::Status(status) => *status != Status::PROXY_AUTHENTICATION_REQUIRED && !says_unable(failure),
        _ => false,
    }
}
