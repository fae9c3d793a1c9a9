//! Bytes of applications and name servers: nothing panics, loops, or grows beyond its bounds.

use domain::base::iana::Rtype;
use domain::base::{Message, MessageBuilder, Name, Ttl};
use domain::rdata::{A, Cname};
use proptest::prelude::*;
use socks_dns::{
    Asked, Exchange, Fake, Names, Outcome, Refusal, Remote, Reverse, Verdict, answer, answers, asked,
    datagram_limit, fit, name, question, refusal, server_failed, was_cut,
};
use std::net::IpAddr;
use std::str::FromStr;

struct Fakes;

impl Names for Fakes {
    fn here(&self, _: &[u8]) -> Option<Vec<IpAddr>> {
        None
    }

    fn remote(&self, _: &[u8]) -> Remote {
        Remote::Fake(Fake { v4: "198.18.0.1".parse().unwrap(), v6: "fd00::1".parse().unwrap() })
    }

    fn reverse(&self, _: IpAddr) -> Reverse {
        Reverse::Name(b"www.example.org".to_vec())
    }
}

fn addresses(answer: &[u8]) -> Outcome<Vec<IpAddr>> {
    match socks_dns::host(answer) {
        Outcome::Found(host) => Outcome::Found(host.addresses),
        Outcome::NoName => Outcome::NoName,
        Outcome::NoData => Outcome::NoData,
        Outcome::Failed => Outcome::Failed,
    }
}

fn is_read_by_all(bytes: &[u8], limit: usize) {
    if let Verdict::Answer(answer) = answer(bytes, limit, &Fakes) {
        assert!(answer.len() <= limit.max(12));
        assert!(Message::from_slice(&answer).is_ok_and(|answer| answer.header().qr()));
    }
    let _ = (addresses(bytes), name(bytes), asked(bytes), answers(bytes, bytes), was_cut(bytes));
    let _ = (server_failed(bytes), datagram_limit(bytes), refusal(bytes, Refusal::ServFail));
    let cut = fit(bytes.to_vec(), limit);
    assert!(cut.len() <= limit.max(12));
}

/// A query, or an answer with some records, and then a few bytes of it changed.
fn nearly_dns() -> impl Strategy<Value = Vec<u8>> {
    let seed = prop_oneof![
        Just(question(1, Asked::V4(b"www.example.org")).unwrap()),
        Just(question(1, Asked::Name("198.18.0.1".parse().unwrap())).unwrap()),
        Just(chain(&["a.example", "b.example", "c.example"], "c.example")),
    ];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    (seed, changes, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(mut bytes, changes, end, whole)| {
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            if !whole {
                bytes.truncate(end.index(bytes.len() + 1));
            }
            bytes
        },
    )
}

/// An answer about the first name, with an alias from each name to the next and an address of `owner`.
fn chain(names: &[&str], owner: &str) -> Vec<u8> {
    let parsed = |name: &str| Name::<Vec<u8>>::from_str(name).unwrap();
    let mut builder = MessageBuilder::new_vec().question();
    builder.header_mut().set_qr(true);
    builder.push((parsed(names[0]), Rtype::A)).unwrap();
    let mut builder = builder.answer();
    for pair in names.windows(2) {
        builder.push((parsed(pair[0]), Ttl::from_secs(1), Cname::new(parsed(pair[1])))).unwrap();
    }
    builder.push((parsed(owner), Ttl::from_secs(1), A::from_octets(192, 0, 2, 1))).unwrap();
    builder.finish()
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600), limit in 0_usize..700) {
        is_read_by_all(&bytes, limit);
    }

    #[test]
    fn bytes_that_are_nearly_dns(bytes in nearly_dns(), limit in 0_usize..200) {
        is_read_by_all(&bytes, limit);
    }

    #[test]
    fn any_stream(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..10)) {
        let mut exchange = Exchange::new(1);
        exchange.ask(&question(1, Asked::V4(b"www.example.org")).unwrap()).unwrap();
        for piece in pieces {
            prop_assert!(exchange.received(&piece).len() <= 1);
        }
    }

    #[test]
    fn any_name(text in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Some(query) = question(1, Asked::V6(&text)) {
            let text = text.strip_suffix(b".").unwrap_or(&text);
            if !text.contains(&0) {
                prop_assert_eq!(asked(&query).unwrap(), text);
            }
        }
    }
}

#[test]
fn aliases_are_followed_to_their_end() {
    let found = Outcome::Found(vec!["192.0.2.1".parse().unwrap()]);
    assert_eq!(addresses(&chain(&["a.example"], "a.example")), found);
    assert_eq!(addresses(&chain(&["a.example", "B.example", "c.example"], "C.example")), found);
}

#[test]
fn a_host_has_its_own_name_and_that_of_its_aliases() {
    let Outcome::Found(host) = socks_dns::host(&chain(&["a.example", "B.example", "c.example"], "c.example"))
    else {
        panic!()
    };
    assert_eq!(host.name, b"c.example");
    assert_eq!(host.aliases, [b"a.example", b"B.example"]);
    let strange = chain(&["a.example", "$\\(reboot\\).example"], "$\\(reboot\\).example");
    assert_eq!(socks_dns::host(&strange), Outcome::Failed);
}

#[test]
fn aliases_without_an_end_are_a_failure() {
    assert_eq!(addresses(&chain(&["a.example", "b.example", "a.example"], "a.example")), Outcome::Failed);
    assert_eq!(addresses(&chain(&["a.example", "a.example"], "a.example")), Outcome::Failed);
    let names: Vec<String> = (0..40).map(|number| format!("n{number}.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(addresses(&chain(&names, "n39.example")), Outcome::Failed);
}

#[test]
fn addresses_of_other_names_are_not_believed() {
    assert_eq!(addresses(&chain(&["a.example"], "evil.example")), Outcome::NoData);
    assert_eq!(addresses(&chain(&["a.example", "b.example"], "a.example")), Outcome::NoData);
}

#[test]
fn a_name_compressed_into_itself_ends() {
    let mut message = vec![0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    message.extend([0xc0, 12, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4]);
    is_read_by_all(&message, 100);
    assert_eq!(addresses(&message), Outcome::Failed);
}

#[test]
fn a_query_is_no_answer() {
    let query = question(1, Asked::V4(b"a.example")).unwrap();
    assert_eq!(addresses(&query), Outcome::Failed);
    assert!(!answers(&query, &query));
    let refused = refusal(&query, Refusal::ServFail).unwrap();
    assert!(answers(&refused, &query) && server_failed(&refused));
    let none = refusal(&query, Refusal::NxDomain).unwrap();
    assert_eq!((addresses(&none), server_failed(&none)), (Outcome::NoName, false));
    assert_eq!(addresses(&refusal(&query, Refusal::NoData).unwrap()), Outcome::NoData);
}
