//! Answers of our own: the header and the question of the query, its EDNS echoed, and what is to be said.

use crate::text;
use domain::base::iana::{OptRcode, Rtype};
use domain::base::message_builder::{AnswerBuilder, PushError, StaticCompressor};
use domain::base::{Message, MessageBuilder, ParsedName, Ttl};
use domain::rdata::{A, Aaaa, Ptr};
use std::net::IpAddr;

/// How long an application may keep what we say: so short that it asks again when the configuration changes.
const TTL: Ttl = Ttl::from_secs(1);

/// The size of datagrams that pass everywhere unfragmented: the number of the DNS flag day of 2020.
pub(crate) const EDNS_SIZE: u16 = 1232;

/// The largest message there is, RFC 1035, 4.2.2.
const LARGEST: usize = 65_535;

/// An answer without records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The name exists, but not with records of the type asked for.
    NoData,
    /// The query is not one.
    FormErr,
    /// No name server can be asked, or none answered.
    ServFail,
    /// There is no such name.
    NxDomain,
    /// Queries of this kind are not answered.
    NotImp,
    /// The configuration lets nobody be asked.
    Refused,
    /// The version of EDNS is not spoken; RFC 6891, 6.1.3.
    BadVers,
}

impl Refusal {
    fn code(self) -> OptRcode {
        match self {
            Refusal::NoData => OptRcode::NOERROR,
            Refusal::FormErr => OptRcode::FORMERR,
            Refusal::ServFail => OptRcode::SERVFAIL,
            Refusal::NxDomain => OptRcode::NXDOMAIN,
            Refusal::NotImp => OptRcode::NOTIMP,
            Refusal::Refused => OptRcode::REFUSED,
            Refusal::BadVers => OptRcode::BADVERS,
        }
    }
}

type Builder = AnswerBuilder<StaticCompressor<Vec<u8>>>;

/// The answer that says no; `None` where there is nothing to answer to.
pub fn refusal(query: &[u8], reason: Refusal) -> Option<Vec<u8>> {
    let query = Message::from_slice(query).ok().filter(|query| !query.header().qr())?;
    finish(start(query), query, reason.code()).ok()
}

/// The answer to a query about the addresses of a name: those of the type asked for, perhaps none.
pub fn with_addresses(query: &[u8], addresses: &[IpAddr]) -> Option<Vec<u8>> {
    answered(query, |answer, owner, rtype| {
        addresses.iter().filter(|address| is_asked_for(**address, rtype)).try_for_each(
            |address| match address {
                IpAddr::V4(address) => answer.push((owner, TTL, A::new(*address))),
                IpAddr::V6(address) => answer.push((owner, TTL, Aaaa::new(*address))),
            },
        )
    })
}

/// The answer to a query about the name of an address.
pub fn with_name(query: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let Some(name) = text::name(name) else { return refusal(query, Refusal::NxDomain) };
    answered(query, |answer, owner, _| answer.push((owner, TTL, Ptr::new(&name))))
}

fn answered(
    query: &[u8],
    records: impl FnOnce(&mut Builder, &ParsedName<&[u8]>, Rtype) -> Result<(), PushError>,
) -> Option<Vec<u8>> {
    let query = Message::from_slice(query).ok()?;
    let question = query.sole_question().ok()?;
    let mut answer = start(query);
    // A name of hosts(5) may have more addresses than a message has room for: then it is full.
    let _ = records(&mut answer, question.qname(), question.qtype());
    finish(answer, query, OptRcode::NOERROR).ok()
}

fn is_asked_for(address: IpAddr, rtype: Rtype) -> bool {
    match rtype {
        Rtype::A => address.is_ipv4(),
        Rtype::AAAA => address.is_ipv6(),
        _ => rtype == Rtype::ANY,
    }
}

/// The header and as much of the question as can be read.
fn start(query: &Message<[u8]>) -> Builder {
    let target = StaticCompressor::new(Vec::new());
    let mut builder = MessageBuilder::from_target(target).unwrap_or_else(|never| match never {});
    builder.set_push_limit(LARGEST);
    let (asked, header) = (query.header(), builder.header_mut());
    header.set_id(asked.id());
    header.set_qr(true);
    header.set_opcode(asked.opcode());
    header.set_rd(asked.rd());
    header.set_cd(asked.cd());
    header.set_ra(true);
    let mut questions = builder.question();
    // More than one is a mistake already; thousands must not be repeated.
    for question in query.question().take(1).flatten() {
        let _ = questions.push(question);
    }
    questions.answer()
}

fn finish(answer: Builder, query: &Message<[u8]>, code: OptRcode) -> Result<Vec<u8>, PushError> {
    let mut additional = answer.additional();
    additional.header_mut().set_rcode(code.rcode());
    if let Some(asked) = query.opt() {
        additional.opt(|opt| {
            opt.set_udp_payload_size(EDNS_SIZE);
            opt.set_dnssec_ok(asked.dnssec_ok());
            opt.set_rcode(code);
            Ok(())
        })?;
    }
    Ok(additional.finish().into_target())
}
