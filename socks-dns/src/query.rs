//! Queries of our own.

use crate::reply::EDNS_SIZE;
use crate::{reverse, text};
use domain::base::iana::Rtype;
use domain::base::{Message, MessageBuilder, Name};
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

/// The query without its OPT record, for name servers that do not know EDNS (RFC 6891, 7); `None` where it has none, or is
/// more than a question.
pub fn without_edns(query: &[u8]) -> Option<Vec<u8>> {
    let message = Message::from_slice(query).ok()?;
    let counts = message.header_counts();
    let others = counts.ancount() + counts.nscount() + counts.arcount();
    message.opt().filter(|_| others == 1)?;
    let mut plain = query.get(..message.answer().ok()?.pos())?.to_vec();
    plain.get_mut(ARCOUNT)?.fill(0);
    Some(plain)
}

/// Where a header has the number of additional records; RFC 1035, 4.1.1.
const ARCOUNT: std::ops::Range<usize> = 10..12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_without_edns_is_the_question_alone() {
        let query = question(7, Asked::V4(b"www.example")).unwrap();
        let plain = without_edns(&query).unwrap();
        assert_eq!(plain, b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\0\0\x01\0\x01");
        assert_eq!(without_edns(&plain), None);
        for length in 0..query.len() {
            assert_eq!(without_edns(&query[..length]), None);
        }
    }
}
