//! What a proxy answers when the dialogue ends without a request to serve.

use super::handshake::Due;
use super::{Fault, Version, reply};
use crate::address::Address;
use crate::bytes::Message;
use crate::decode::Malformed;
use crate::name::NameError;
use crate::socks5::{self, Rep};

/// The reply to a request that is well-formed but cannot be served.
pub(super) fn of_request(version: Version, fault: Fault) -> Message {
    let rep = match fault {
        Fault::Name => Rep::HOST_UNREACHABLE,
        _ => Rep::GENERAL_FAILURE,
    };
    reply::message(version, rep, &Address::UNSPECIFIED)
}

/// The answer to a malformed message, where the dialogue has one at that point.
pub(super) fn of_malformed(due: Due, malformed: Malformed) -> Option<Message> {
    let reply = |version, rep| Some(reply::message(version, rep, &Address::UNSPECIFIED));
    match (due, malformed) {
        (_, Malformed::Version { .. }) | (Due::Version | Due::Greeting, _) => None,
        (Due::Password, _) => Some(socks5::encode_password_reply(0x01)),
        (Due::Request, malformed) => reply(Version::Socks5, rep_of(malformed)),
        (Due::Request4, _) => reply(Version::Socks4, Rep::GENERAL_FAILURE),
    }
}

fn rep_of(malformed: Malformed) -> Rep {
    match malformed {
        Malformed::AddressType(_) => Rep::ADDRESS_TYPE_NOT_SUPPORTED,
        Malformed::Name(NameError::Nul) => Rep::HOST_UNREACHABLE,
        _ => Rep::GENERAL_FAILURE,
    }
}
