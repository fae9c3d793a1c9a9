//! The proxy's reply in the version of the request.

use super::Version;
use crate::address::Address;
use crate::bytes::Message;
use crate::socks4::{self, Cd};
use crate::socks5::{self, Rep};

pub use crate::socks5::MAX_REPLY;

/// Writes the reply and gives its length; SOCKS4 knows only granted and rejected.
pub fn encode_reply(version: Version, rep: Rep, bnd: &Address, out: &mut [u8; MAX_REPLY]) -> usize {
    message(version, rep, bnd).copy_to(out)
}

pub(super) fn message(version: Version, rep: Rep, bnd: &Address) -> Message {
    match version {
        Version::Socks5 => socks5::encode_reply(rep, bnd),
        Version::Socks4 | Version::Socks4a => socks4::encode_reply(Cd::from(rep), bnd),
    }
}
