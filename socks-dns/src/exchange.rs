//! DNS over TCP as a state machine, RFC 7766: many queries on one connection, answers in any order.
//!
//! Each query gets an id of its own on the wire, so that two askers who chose the same one do not get each other's answer,
//! and the id the asker chose is put back. What nobody asked is thrown away; what cannot be DNS ends the exchange.

use crate::reading::is_bare_refusal;
use domain::base::Message;
use std::collections::VecDeque;

/// The header; no message is shorter.
const HEADER: usize = 12;

/// How many queries may be open at once: beyond that an asker waits, or takes another connection.
const MOST: usize = 128;

/// Which query an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// A query on its way.
#[derive(Debug)]
struct Open {
    ticket: Ticket,
    /// As it went over the wire, with the id it had there.
    query: Vec<u8>,
    /// The id that the asker chose.
    id: [u8; 2],
}

/// The dialogue with one name server on one connection.
#[derive(Debug)]
pub struct Exchange {
    output: VecDeque<u8>,
    input: Vec<u8>,
    open: Vec<Open>,
    tickets: u64,
    next_id: u16,
    over: bool,
}

impl Exchange {
    /// One that begins; ids count from `first_id`, which should be random.
    pub fn new(first_id: u16) -> Exchange {
        Exchange {
            output: VecDeque::new(),
            input: Vec::new(),
            open: Vec::new(),
            tickets: 0,
            next_id: first_id,
            over: false,
        }
    }

    /// Adds a query; `None` where it is no message, too many are open, or the connection is at its end.
    pub fn ask(&mut self, query: &[u8]) -> Option<Ticket> {
        let length = u16::try_from(query.len()).ok().filter(|_| query.len() >= HEADER)?;
        if self.over || self.open.len() >= MOST {
            return None;
        }
        let (id, rest) = query.split_first_chunk::<2>()?;
        let wire_id = self.unused_id().to_be_bytes();
        let query = [&wire_id[..], rest].concat();
        self.output.extend(length.to_be_bytes());
        self.output.extend(&query);
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.open.push(Open { ticket, query, id: *id });
        Some(ticket)
    }

    /// An id no open query has: there are more ids than open queries.
    fn unused_id(&mut self) -> u16 {
        loop {
            let id = self.next_id;
            self.next_id = self.next_id.wrapping_add(1);
            if self.open.iter().all(|open| !open.query.starts_with(&id.to_be_bytes())) {
                return id;
            }
        }
    }

    /// What is to be sent next, perhaps not all of it.
    pub fn output(&self) -> &[u8] {
        self.output.as_slices().0
    }

    /// `count` bytes of it have been sent.
    pub fn sent(&mut self, count: usize) {
        self.output.drain(..count.min(self.output.len()));
    }

    /// Takes what has come and returns the answers that are complete, each with the id its asker chose.
    pub fn received(&mut self, bytes: &[u8]) -> Vec<(Ticket, Vec<u8>)> {
        if self.over {
            return Vec::new();
        }
        self.input.extend_from_slice(bytes);
        let mut answers = Vec::new();
        while let Some(message) = self.next_message() {
            answers.extend(self.matched(message));
        }
        answers
    }

    /// The connection has ended: no answer will come any more.
    pub fn closed(&mut self) {
        self.over = true;
        self.input.clear();
        self.output.clear();
    }

    /// Whether no answer can come any more: the connection has ended, or carries what is no DNS.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The queries without an answer, oldest first.
    pub fn unanswered(&self) -> impl Iterator<Item = Ticket> {
        self.open.iter().map(|open| open.ticket)
    }

    /// Gives up on a query; an answer to it is thrown away.
    pub fn forget(&mut self, ticket: Ticket) {
        self.open.retain(|open| open.ticket != ticket);
    }

    fn next_message(&mut self) -> Option<Vec<u8>> {
        let (length, _) = self.input.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length < HEADER {
            self.closed();
            return None;
        }
        let message = self.input.get(2..2 + length)?.to_vec();
        self.input.drain(..2 + length);
        Some(message)
    }

    fn matched(&mut self, mut message: Vec<u8>) -> Option<(Ticket, Vec<u8>)> {
        let answer = Message::from_slice(&message).ok()?;
        let place = self.open.iter().position(|open| {
            Message::from_slice(&open.query)
                .is_ok_and(|query| answer.is_answer(query) || is_bare_refusal(answer, query))
        })?;
        let open = self.open.remove(place);
        message.get_mut(..2)?.copy_from_slice(&open.id);
        Some((open.ticket, message))
    }
}
