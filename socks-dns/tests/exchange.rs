//! Many queries on one connection to a name server that cannot be trusted.

use socks_dns::{Asked, Exchange, Refusal, Ticket, answers, question, refusal};

fn query(id: u16, name: &str) -> Vec<u8> {
    question(id, Asked::V4(name.as_bytes())).unwrap()
}

/// An exchange with these queries, and the queries as they went over the wire.
fn exchange(queries: &[Vec<u8>]) -> (Exchange, Vec<Ticket>, Vec<Vec<u8>>) {
    let mut exchange = Exchange::new(0xffff);
    let tickets = queries.iter().map(|query| exchange.ask(query).unwrap()).collect();
    let mut sent = Vec::new();
    while !exchange.output().is_empty() {
        sent.push(exchange.output()[0]);
        exchange.sent(1);
    }
    let mut wire = Vec::new();
    while let Some((length, rest)) = sent.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        wire.push(rest[..length].to_vec());
        sent = rest[length..].to_vec();
    }
    (exchange, tickets, wire)
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

fn reply(query: &[u8]) -> Vec<u8> {
    refusal(query, Refusal::NxDomain).unwrap()
}

#[test]
fn answers_find_their_askers_in_any_order_and_any_split() {
    let queries = [query(7, "a.example"), query(7, "b.example"), query(9, "a.example")];
    let (mut exchange, tickets, wire) = exchange(&queries);
    let ids: Vec<&[u8]> = wire.iter().map(|query| &query[..2]).collect();
    assert_eq!(ids, [[0xff, 0xff], [0, 0], [0, 1]]);
    let stream: Vec<u8> = wire.iter().rev().flat_map(|query| framed(&reply(query))).collect();
    let mut came = Vec::new();
    for byte in stream {
        came.extend(exchange.received(&[byte]));
    }
    let order: Vec<Ticket> = came.iter().map(|(ticket, _)| *ticket).collect();
    assert_eq!(order, [tickets[2], tickets[1], tickets[0]]);
    for ((_, answer), query) in came.iter().zip(queries.iter().rev()) {
        assert!(answers(answer, query));
    }
    assert_eq!(exchange.unanswered().count(), 0);
}

#[test]
fn what_nobody_asked_is_thrown_away() {
    let (mut exchange, tickets, wire) = exchange(&[query(1, "a.example")]);
    let mut wrong_id = reply(&wire[0]);
    wrong_id[0] ^= 1;
    let other_question = {
        let mut other = reply(&query(1, "evil.example"));
        other[..2].copy_from_slice(&wire[0][..2]);
        other
    };
    let echo = wire[0].clone();
    for wrong in [wrong_id, other_question, echo, vec![0; 12], vec![0xff; 65_535]] {
        assert!(exchange.received(&framed(&wrong)).is_empty());
    }
    assert_eq!(exchange.unanswered().collect::<Vec<_>>(), tickets);
    assert_eq!(exchange.received(&framed(&reply(&wire[0]))).len(), 1);
    assert!(exchange.received(&framed(&reply(&wire[0]))).is_empty());
}

#[test]
fn a_length_that_no_message_has_ends_it() {
    for length in [0_u16, 1, 11] {
        let (mut exchange, tickets, wire) = exchange(&[query(1, "a.example")]);
        assert!(exchange.received(&length.to_be_bytes()).is_empty());
        assert!(exchange.is_over() && exchange.ask(&query(2, "b.example")).is_none());
        assert!(exchange.received(&framed(&reply(&wire[0]))).is_empty());
        assert_eq!(exchange.unanswered().collect::<Vec<_>>(), tickets);
    }
}

#[test]
fn a_close_in_the_middle_says_what_has_to_be_asked_again() {
    let (mut exchange, tickets, wire) = exchange(&[query(1, "a.example"), query(2, "b.example")]);
    assert_eq!(exchange.received(&framed(&reply(&wire[0]))).len(), 1);
    exchange.received(&framed(&reply(&wire[1]))[..20]);
    exchange.closed();
    assert_eq!(exchange.unanswered().collect::<Vec<_>>(), [tickets[1]]);
}

#[test]
fn what_is_forgotten_is_not_answered() {
    let (mut exchange, tickets, wire) = exchange(&[query(1, "a.example")]);
    exchange.forget(tickets[0]);
    assert!(exchange.received(&framed(&reply(&wire[0]))).is_empty());
}

#[test]
fn only_so_many_are_open_at_once() {
    let mut exchange = Exchange::new(0);
    let query = query(1, "a.example");
    assert_eq!((0..1000).map_while(|_| exchange.ask(&query)).count(), 128);
    assert!(Exchange::new(0).ask(&query[..11]).is_none());
    assert!(Exchange::new(0).ask(&vec![0; 65_536]).is_none());
}

#[test]
fn a_refusal_without_the_question_counts() {
    let (mut exchange, tickets, wire) = exchange(&[query(1, "a.example")]);
    let mut bare = wire[0][..12].to_vec();
    (bare[2], bare[3], bare[5], bare[11]) = (0x80, 0x81, 0, 0);
    assert_eq!(exchange.received(&framed(&bare))[0].0, tickets[0]);
}
