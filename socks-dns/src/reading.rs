//! What a name server's answer says.

use crate::text::{self, is_host_name};
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

/// A host, as an answer about its addresses shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name that has the addresses.
    pub name: Vec<u8>,
    /// What is an alias of it, the name asked for first; none where that is its name.
    pub aliases: Vec<Vec<u8>>,
    /// In the order of the answer.
    pub addresses: Vec<IpAddr>,
}

/// The host in an answer: the one asked for or what that is an alias of. Records about other names are not believed.
pub fn host(answer: &[u8]) -> Outcome<Host> {
    let message = match readable(answer) {
        Ok(message) => message,
        Err(outcome) => return outcome.without(),
    };
    let Some((owner, aliases, name)) = canonical(message) else { return Outcome::Failed };
    let Ok(section) = message.answer() else { return Outcome::Failed };
    let v4 = section.limit_to_in::<A>().flatten().filter(|record| *record.owner() == owner);
    let v6 = section.limit_to_in::<Aaaa>().flatten().filter(|record| *record.owner() == owner);
    let v4 = v4.map(|record| record.data().addr().into());
    let addresses: Vec<IpAddr> = v4.chain(v6.map(|record| record.data().addr().into())).collect();
    if addresses.is_empty() { Outcome::NoData } else { Outcome::Found(Host { name, aliases, addresses }) }
}

/// The name that an answer to a query about an address has.
pub fn name(answer: &[u8]) -> Outcome<Vec<u8>> {
    let message = match readable(answer) {
        Ok(message) => message,
        Err(outcome) => return outcome.without(),
    };
    let Some((owner, ..)) = canonical(message) else { return Outcome::Failed };
    let Ok(section) = message.answer() else { return Outcome::Failed };
    let mut records = section.limit_to_in::<Ptr<_>>().flatten().filter(|record| *record.owner() == owner);
    let name =
        records.find_map(|record| text::text(record.data().ptrdname()).filter(|name| is_host_name(name)));
    name.map_or(Outcome::NoData, Outcome::Found)
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

/// Whether an answer is what name servers say that do not know EDNS; RFC 6891, 7.
pub fn knows_no_edns(answer: &[u8]) -> bool {
    let codes = [Rcode::FORMERR, Rcode::NOTIMP];
    Message::from_slice(answer).is_ok_and(|answer| codes.contains(&answer.header().rcode()))
}

/// Why an answer has nothing to read in it.
enum Empty {
    NoName,
    Failed,
}

impl Empty {
    fn without<T>(self) -> Outcome<T> {
        match self {
            Empty::NoName => Outcome::NoName,
            Empty::Failed => Outcome::Failed,
        }
    }
}

fn readable(answer: &[u8]) -> Result<&Message<[u8]>, Empty> {
    let message = Message::from_slice(answer).map_err(|_| Empty::Failed)?;
    match message.header().rcode() {
        _ if !message.header().qr() => Err(Empty::Failed),
        Rcode::NXDOMAIN => Err(Empty::NoName),
        Rcode::NOERROR => Ok(message),
        _ => Err(Empty::Failed),
    }
}

type Canonical<'a> = (ParsedName<&'a [u8]>, Vec<Vec<u8>>, Vec<u8>);

/// The name at the end of the chain of aliases that begins with the question, the aliases, and the name as text; `None`
/// where there is no end, or a name that no host can have.
fn canonical(message: &Message<[u8]>) -> Option<Canonical<'_>> {
    let section = message.answer().ok()?;
    let mut name = message.sole_question().ok()?.into_qname();
    let mut aliases = Vec::new();
    for _ in 0..LONGEST_CHAIN {
        let written = text::text(&name)?;
        let alias = section.limit_to_in::<Cname<_>>().flatten().find(|record| *record.owner() == name);
        let Some(alias) = alias else { return Some((name, aliases, written)) };
        aliases.push(written);
        name = *alias.data().cname();
        text::text(&name).filter(|name| is_host_name(name))?;
    }
    None
}
