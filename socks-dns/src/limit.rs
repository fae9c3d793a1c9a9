//! Answers that have to fit into a datagram.

use crate::reply::EDNS_SIZE;
use domain::base::message_builder::AdditionalBuilder;
use domain::base::{HeaderSection, Message, MessageBuilder};

/// What a datagram without EDNS may hold; RFC 1035, 4.2.1.
const PLAIN: usize = 512;

/// The header; RFC 1035, 4.1.1.
const HEADER: usize = 12;

/// How much a datagram that answers this query may hold: what its EDNS says, else 512 bytes.
pub fn datagram_limit(query: &[u8]) -> usize {
    let opt = Message::from_slice(query).ok().and_then(|query| query.opt());
    opt.map_or(PLAIN, |opt| usize::from(opt.udp_payload_size()).max(PLAIN))
}

/// An answer as it is, or the part of it that fits into `limit` bytes: cut behind a record and marked as truncated, with
/// its EDNS kept. An answer that cannot be read is cut to its header.
pub fn fit(answer: Vec<u8>, limit: usize) -> Vec<u8> {
    if answer.len() <= limit {
        return answer;
    }
    let Ok(message) = Message::from_slice(&answer) else { return Vec::new() };
    let edns = message.opt().map(|opt| edns(opt.dnssec_ok())).unwrap_or_default();
    let edns = if limit < HEADER + edns.len() { Vec::new() } else { edns };
    let Kept { end, questions, answers, authorities } =
        kept(message, limit.saturating_sub(edns.len())).unwrap_or_default();
    let mut cut = answer.get(..end).unwrap_or_default().to_vec();
    if cut.len() < HEADER {
        return Vec::new();
    }
    let header = HeaderSection::for_message_slice_mut(&mut cut);
    header.header_mut().set_tc(true);
    header.counts_mut().set_qdcount(questions);
    header.counts_mut().set_ancount(answers);
    header.counts_mut().set_nscount(authorities);
    header.counts_mut().set_arcount((!edns.is_empty()).into());
    cut.extend_from_slice(&edns);
    cut
}

/// How far a message goes that has to be cut.
struct Kept {
    end: usize,
    questions: u16,
    answers: u16,
    authorities: u16,
}

impl Default for Kept {
    /// The header alone.
    fn default() -> Kept {
        Kept { end: HEADER, questions: 0, answers: 0, authorities: 0 }
    }
}

/// As many whole records of the first sections as end within `room` bytes.
fn kept(message: &Message<[u8]>, room: usize) -> Option<Kept> {
    let mut kept = Kept::default();
    let mut questions = message.question();
    while let Some(question) = questions.next() {
        question.ok()?;
        if questions.pos() > room {
            return Some(kept);
        }
        (kept.end, kept.questions) = (questions.pos(), kept.questions + 1);
    }
    let mut records = questions.answer().ok()?;
    while let Some(Ok(_)) = records.next() {
        if records.pos() > room {
            return Some(kept);
        }
        (kept.end, kept.answers) = (records.pos(), kept.answers + 1);
    }
    let Ok(Some(mut records)) = records.next_section() else { return Some(kept) };
    while let Some(Ok(_)) = records.next() {
        if records.pos() > room {
            return Some(kept);
        }
        (kept.end, kept.authorities) = (records.pos(), kept.authorities + 1);
    }
    Some(kept)
}

/// An OPT record of ours.
fn edns(dnssec_ok: bool) -> Vec<u8> {
    let mut additional: AdditionalBuilder<Vec<u8>> = MessageBuilder::new_vec().additional();
    let built = additional.opt(|opt| {
        opt.set_udp_payload_size(EDNS_SIZE);
        opt.set_dnssec_ok(dnssec_ok);
        Ok(())
    });
    let message = additional.finish();
    built.ok().and_then(|()| message.get(HEADER..).map(<[u8]>::to_vec)).unwrap_or_default()
}
