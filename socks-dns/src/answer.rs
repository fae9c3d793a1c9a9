//! The decision on a query: answered here, by a name server behind the proxy, or not at all.

use crate::reply::{Refusal, refusal, with_addresses, with_name};
use crate::{fit, reverse, text};
use domain::base::iana::{Class, Opcode, Rtype};
use domain::base::{Message, ParsedName, Question};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The types of query that addresses answer.
const ADDRESSES: [Rtype; 3] = [Rtype::A, Rtype::AAAA, Rtype::ANY];

/// What is to be done with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This is the answer.
    Answer(Vec<u8>),
    /// A name server has to be asked.
    Forward,
    /// It is no query: nobody expects an answer.
    Drop,
}

/// The two addresses that stand for a remote name. Both lead to it: whichever family an application asks for, and
/// connects in, the proxy gets the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fake {
    /// The answer to A.
    pub v4: Ipv4Addr,
    /// The answer to AAAA.
    pub v6: Ipv6Addr,
}

/// What becomes of a query about the addresses of a name that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// These addresses stand for it.
    Fake(Fake),
    /// A name server knows it.
    Elsewhere,
    /// There can be no such name.
    Nonexistent,
    /// No address is left.
    Unavailable,
    /// Nobody may be asked.
    Refused,
}

/// What becomes of a query about the name of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reverse {
    /// It has this one.
    Name(Vec<u8>),
    /// A name server knows.
    Elsewhere,
    /// It has none.
    Nonexistent,
    /// Nobody may be asked.
    Refused,
}

/// What is known of names without asking a name server. Names are text, without a final dot, in the application's own case
/// and encoding.
pub trait Names {
    /// The addresses of a name known on this machine, `localhost` and hosts(5); perhaps none.
    fn here(&self, name: &[u8]) -> Option<Vec<IpAddr>>;

    /// What to do about the addresses of any other name.
    fn remote(&self, name: &[u8]) -> Remote;

    /// What to do about the name of an address.
    fn reverse(&self, address: IpAddr) -> Reverse;
}

/// Decides on a query. An answer has at most `limit` bytes: [`datagram_limit`](crate::datagram_limit) of the query, or
/// 65,535 on a stream.
pub fn answer(query: &[u8], limit: usize, names: &dyn Names) -> Verdict {
    match decide(query, names) {
        Verdict::Answer(answer) => Verdict::Answer(fit(answer, limit)),
        other => other,
    }
}

/// The name a query is about, as text; `None` for the root and where it is no query.
pub fn asked(query: &[u8]) -> Option<Vec<u8>> {
    text::text(Message::from_slice(query).ok()?.sole_question().ok()?.qname())
}

/// The name whose addresses a query asks for, where it asks for any.
pub fn asked_for_addresses(query: &[u8]) -> Option<Vec<u8>> {
    let question = Message::from_slice(query).ok()?.sole_question().ok()?;
    let is_meant = question.qclass() == Class::IN && ADDRESSES.contains(&question.qtype());
    text::text(question.qname()).filter(|_| is_meant)
}

/// The address whose name a query asks for, where it is one of those.
pub fn asked_address(query: &[u8]) -> Option<IpAddr> {
    let question = Message::from_slice(query).ok()?.sole_question().ok()?;
    reverse::address(&text::text(question.qname())?).filter(|_| question.qtype() == Rtype::PTR)
}

fn decide(query: &[u8], names: &dyn Names) -> Verdict {
    let Ok(message) = Message::from_slice(query) else { return Verdict::Drop };
    if message.header().qr() {
        return Verdict::Drop;
    }
    if message.header().opcode() != Opcode::QUERY {
        return refused(query, Refusal::NotImp);
    }
    let Ok(question) = message.sole_question() else { return refused(query, Refusal::FormErr) };
    if message.opt().is_some_and(|opt| opt.version() != 0) {
        return refused(query, Refusal::BadVers);
    }
    match question.qtype() {
        // A zone is not to be had through us: it can have any size, and takes more than one message.
        Rtype::AXFR | Rtype::IXFR => refused(query, Refusal::NotImp),
        _ if question.qclass() == Class::IN => of_the_internet(query, &question, names),
        _ => Verdict::Forward,
    }
}

fn of_the_internet(query: &[u8], question: &Question<ParsedName<&[u8]>>, names: &dyn Names) -> Verdict {
    let Some(name) = text::text(question.qname()) else { return Verdict::Forward };
    let qtype = question.qtype();
    if let Some(addresses) = names.here(&name) {
        return answered(with_addresses(query, &addresses));
    }
    if ADDRESSES.contains(&qtype) {
        return remote(query, names.remote(&name));
    }
    match reverse::address(&name) {
        Some(address) if qtype == Rtype::PTR => named(query, names.reverse(address)),
        _ => Verdict::Forward,
    }
}

fn remote(query: &[u8], remote: Remote) -> Verdict {
    match remote {
        Remote::Fake(fake) => answered(with_addresses(query, &[fake.v4.into(), fake.v6.into()])),
        Remote::Elsewhere => Verdict::Forward,
        Remote::Nonexistent => refused(query, Refusal::NxDomain),
        Remote::Unavailable => refused(query, Refusal::ServFail),
        Remote::Refused => refused(query, Refusal::Refused),
    }
}

fn named(query: &[u8], reverse: Reverse) -> Verdict {
    match reverse {
        Reverse::Name(name) => answered(with_name(query, &name)),
        Reverse::Elsewhere => Verdict::Forward,
        Reverse::Nonexistent => refused(query, Refusal::NxDomain),
        Reverse::Refused => refused(query, Refusal::Refused),
    }
}

fn refused(query: &[u8], reason: Refusal) -> Verdict {
    answered(refusal(query, reason))
}

fn answered(answer: Option<Vec<u8>>) -> Verdict {
    answer.map_or(Verdict::Drop, Verdict::Answer)
}
