//! What a name server's answer says.

use crate::text;
use domain::base::iana::Rcode;
use domain::base::{Message, ParsedName};
use domain::rdata::{A, Aaaa, Cname, Ptr};
use std::net::IpAddr;

/// How many aliases may follow each other: the resolvers of this world allow fewer.
const LONGEST_CHAIN: usize = 16;

/// What came of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// This.
    Found(T),
    /// There is no such name.
    NoName,
    /// The name exists, without what was asked for.
    NoData,
    /// The name server could not say, or said what is no answer.
    Failed,
}

/// The addresses in an answer, of the name asked for or of what it is an alias of. Records about other names are not
/// believed.
pub fn addresses(answer: &[u8]) -> Outcome<Vec<IpAddr>> {
    read(answer, |message, owner| {
        let Ok(section) = message.answer() else { return Vec::new() };
        let v4 = section.limit_to_in::<A>().flatten().filter(|record| record.owner() == owner);
        let v6 = section.limit_to_in::<Aaaa>().flatten().filter(|record| record.owner() == owner);
        let v4 = v4.map(|record| record.data().addr().into());
        v4.chain(v6.map(|record| record.data().addr().into())).collect()
    })
}

/// The name that an answer to a query about an address has.
pub fn name(answer: &[u8]) -> Outcome<Vec<u8>> {
    let names = read(answer, |message, owner| {
        let Ok(section) = message.answer() else { return Vec::new() };
        let records = section.limit_to_in::<Ptr<_>>().flatten().filter(|record| record.owner() == owner);
        records.filter_map(|record| text::text(record.data().ptrdname())).take(1).collect()
    });
    match names {
        Outcome::Found(names) => names.into_iter().next().map_or(Outcome::NoData, Outcome::Found),
        Outcome::NoName => Outcome::NoName,
        Outcome::NoData => Outcome::NoData,
        Outcome::Failed => Outcome::Failed,
    }
}

/// Whether `answer` has the id and the question of `query`, and is an answer at all.
pub fn answers(answer: &[u8], query: &[u8]) -> bool {
    match (Message::from_slice(answer), Message::from_slice(query)) {
        (Ok(answer), Ok(query)) => answer.is_answer(query) || is_bare_refusal(answer, query),
        _ => false,
    }
}

/// Name servers that could not read the question leave it out.
pub(crate) fn is_bare_refusal(answer: &Message<[u8]>, query: &Message<[u8]>) -> bool {
    let (header, counts) = (answer.header(), answer.header_counts());
    header.qr()
        && header.id() == query.header().id()
        && counts.qdcount() == 0
        && header.rcode() != Rcode::NOERROR
}

/// Whether the answer did not fit into its datagram.
pub fn was_cut(answer: &[u8]) -> bool {
    Message::from_slice(answer).is_ok_and(|answer| answer.header().tc())
}

/// Whether an answer is no more than a name server's failure: another one may know.
pub fn server_failed(answer: &[u8]) -> bool {
    let failures = [Rcode::SERVFAIL, Rcode::REFUSED, Rcode::NOTIMP, Rcode::FORMERR];
    Message::from_slice(answer).map_or(true, |answer| failures.contains(&answer.header().rcode()))
}

fn read<'a, T>(
    answer: &'a [u8],
    records: impl FnOnce(&'a Message<[u8]>, &ParsedName<&'a [u8]>) -> Vec<T>,
) -> Outcome<Vec<T>> {
    let Ok(message) = Message::from_slice(answer) else { return Outcome::Failed };
    match message.header().rcode() {
        _ if !message.header().qr() => return Outcome::Failed,
        Rcode::NXDOMAIN => return Outcome::NoName,
        Rcode::NOERROR => {}
        _ => return Outcome::Failed,
    }
    let Ok(question) = message.sole_question() else { return Outcome::Failed };
    let Some(owner) = canonical(message, question.into_qname()) else { return Outcome::Failed };
    let found = records(message, &owner);
    if found.is_empty() { Outcome::NoData } else { Outcome::Found(found) }
}

/// The name at the end of a chain of aliases; `None` where there is no end.
fn canonical<'a>(message: &'a Message<[u8]>, name: ParsedName<&'a [u8]>) -> Option<ParsedName<&'a [u8]>> {
    let section = message.answer().ok()?;
    let mut name = name;
    for _ in 0..LONGEST_CHAIN {
        let alias = section.limit_to_in::<Cname<_>>().flatten().find(|record| *record.owner() == name);
        match alias {
            Some(alias) => name = *alias.data().cname(),
            None => return Some(name),
        }
    }
    None
}
