//! Queries of our own.

use crate::reply::EDNS_SIZE;
use crate::{reverse, text};
use domain::base::iana::Rtype;
use domain::base::{MessageBuilder, Name};
use std::net::IpAddr;

/// What a query of ours asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    /// The IPv4 addresses of a name.
    V4(&'a [u8]),
    /// The IPv6 addresses of a name.
    V6(&'a [u8]),
    /// The name of an address.
    Name(IpAddr),
}

impl Asked<'_> {
    fn name(self) -> Option<Name<Vec<u8>>> {
        match self {
            Asked::V4(name) | Asked::V6(name) => text::name(name),
            Asked::Name(address) => text::name(reverse::name(address).as_bytes()),
        }
    }

    fn rtype(self) -> Rtype {
        match self {
            Asked::V4(_) => Rtype::A,
            Asked::V6(_) => Rtype::AAAA,
            Asked::Name(_) => Rtype::PTR,
        }
    }
}

/// A query with this id, recursion desired, EDNS at the size that passes everywhere; `None` where the name is none.
pub fn question(id: u16, asked: Asked<'_>) -> Option<Vec<u8>> {
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_id(id);
    builder.header_mut().set_rd(true);
    let mut question = builder.question();
    question.push((asked.name()?, asked.rtype())).ok()?;
    let mut additional = question.additional();
    additional
        .opt(|opt| {
            opt.set_udp_payload_size(EDNS_SIZE);
            Ok(())
        })
        .ok()?;
    Some(additional.finish())
}
