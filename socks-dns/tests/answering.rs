//! Which queries are answered here, with what, and which are not.

use domain::base::iana::{Class, Opcode, OptRcode, Rcode, Rtype};
use domain::base::{Message, MessageBuilder, Name};
use domain::rdata::Ptr;
use socks_dns::{
    Asked, Fake, Names, Outcome, Remote, Reverse, Verdict, answer, asked, asked_address, asked_for_addresses,
    datagram_limit, question,
};
use std::net::IpAddr;
use std::str::FromStr;

const STREAM: usize = 65_535;

/// `known` is in hosts(5), `empty` as well but without addresses; names with an underscore are nowhere.
struct World;

impl Names for World {
    fn here(&self, name: &[u8]) -> Option<Vec<IpAddr>> {
        match name {
            b"known" => Some(vec![ip("10.1.2.3"), ip("2001:db8::3"), ip("10.1.2.4")]),
            b"crowd" => Some((0..250).map(|last| ip(&format!("10.0.0.{last}"))).collect()),
            b"empty" => Some(Vec::new()),
            _ => None,
        }
    }

    fn remote(&self, name: &[u8]) -> Remote {
        match name {
            b"direct.example" => Remote::Elsewhere,
            b"full.example" => Remote::Unavailable,
            b"blocked.example" => Remote::Refused,
            _ if name.contains(&b' ') => Remote::Nonexistent,
            _ => Remote::Fake(Fake { v4: "198.18.0.1".parse().unwrap(), v6: "fd00::1".parse().unwrap() }),
        }
    }

    fn reverse(&self, address: IpAddr) -> Reverse {
        match address.to_string().as_str() {
            "198.18.0.1" | "fd00::1" => Reverse::Name(b"WWW.example.org".to_vec()),
            "198.18.0.2" => Reverse::Nonexistent,
            _ => Reverse::Elsewhere,
        }
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

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn query(name: &str, rtype: Rtype) -> Vec<u8> {
    let mut builder = MessageBuilder::new_vec().question();
    builder.header_mut().set_id(0x1234);
    builder.header_mut().set_rd(true);
    builder.push((Name::<Vec<u8>>::from_str(name).unwrap(), rtype)).unwrap();
    builder.finish()
}

fn answered(query: &[u8]) -> Message<Vec<u8>> {
    match answer(query, STREAM, &World) {
        Verdict::Answer(answer) => Message::from_octets(answer).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn code(query: &[u8]) -> (Rcode, u16) {
    let answer = answered(query);
    (answer.header().rcode(), answer.header_counts().ancount())
}

#[test]
fn a_remote_name_gets_the_address_that_stands_for_it() {
    let query = query("Www.Example.ORG", Rtype::A);
    let answer = answered(&query);
    assert!(answer.is_answer(Message::from_slice(&query).unwrap()));
    assert!(answer.header().ra() && answer.header().rd() && !answer.header().tc());
    assert_eq!(answer.sole_question().unwrap().qname().to_string(), "Www.Example.ORG");
    assert_eq!(addresses(answer.as_slice()), Outcome::Found(vec![ip("198.18.0.1")]));
    let record = answer.answer().unwrap().next().unwrap().unwrap();
    assert_eq!((record.ttl().as_secs(), record.owner().to_string()), (1, "Www.Example.ORG".into()));
}

#[test]
fn each_family_has_its_own_and_any_has_both() {
    assert_eq!(
        addresses(answered(&query("a.example", Rtype::AAAA)).as_slice()),
        Outcome::Found(vec![ip("fd00::1")])
    );
    assert_eq!(
        addresses(answered(&query("a.example", Rtype::ANY)).as_slice()),
        Outcome::Found(vec![ip("198.18.0.1"), ip("fd00::1")])
    );
}

#[test]
fn a_name_known_here_is_answered_here_whatever_is_asked() {
    assert_eq!(
        addresses(answered(&query("known", Rtype::A)).as_slice()),
        Outcome::Found(vec![ip("10.1.2.3"), ip("10.1.2.4")])
    );
    assert_eq!(code(&query("known", Rtype::MX)), (Rcode::NOERROR, 0));
    assert_eq!(code(&query("empty", Rtype::A)), (Rcode::NOERROR, 0));
}

#[test]
fn what_cannot_be_answered_has_its_own_code() {
    assert_eq!(code(&query("full.example", Rtype::A)), (Rcode::SERVFAIL, 0));
    assert_eq!(code(&query("blocked.example", Rtype::A)), (Rcode::REFUSED, 0));
    assert_eq!(code(&query("with\\032blank.example", Rtype::A)), (Rcode::NXDOMAIN, 0));
    for zone in [Rtype::AXFR, Rtype::IXFR] {
        assert_eq!(code(&query("example", zone)), (Rcode::NOTIMP, 0));
    }
}

#[test]
fn everything_else_is_for_a_name_server() {
    for rtype in [Rtype::MX, Rtype::TXT, Rtype::SRV, Rtype::SSHFP, Rtype::HTTPS, Rtype::NS, Rtype::PTR] {
        assert_eq!(answer(&query("a.example", rtype), STREAM, &World), Verdict::Forward, "{rtype}");
    }
    assert_eq!(answer(&query("direct.example", Rtype::A), STREAM, &World), Verdict::Forward);
    let mut chaos = MessageBuilder::new_vec().question();
    chaos.push((Name::<Vec<u8>>::from_str("version.bind").unwrap(), Rtype::TXT, Class::CH)).unwrap();
    assert_eq!(answer(&chaos.finish(), STREAM, &World), Verdict::Forward);
}

#[test]
fn an_address_that_stands_for_a_name_has_it() {
    let nibbles = format!("1.{}0.0.d.f.ip6.arpa", "0.".repeat(27));
    for name in ["1.0.18.198.in-addr.arpa", &nibbles] {
        let answer = answered(&query(name, Rtype::PTR));
        let record = answer.answer().unwrap().limit_to::<Ptr<_>>().next().unwrap().unwrap();
        assert_eq!(record.data().ptrdname().to_string(), "WWW.example.org");
        assert_eq!(socks_dns::name(answer.as_slice()), Outcome::Found(b"WWW.example.org".to_vec()));
    }
    assert_eq!(code(&query("2.0.18.198.in-addr.arpa", Rtype::PTR)), (Rcode::NXDOMAIN, 0));
    assert_eq!(answer(&query("1.0.0.10.in-addr.arpa", Rtype::PTR), STREAM, &World), Verdict::Forward);
}

#[test]
fn edns_is_answered_with_edns() {
    let plain = answered(&query("a.example", Rtype::A));
    assert!(plain.opt().is_none());
    let query = question(1, Asked::V4(b"a.example")).unwrap();
    assert_eq!((answered(&query).opt().unwrap().udp_payload_size(), datagram_limit(&query)), (1232, 1232));
    assert_eq!(datagram_limit(&[0; 12]), 512);
}

#[test]
fn a_version_of_edns_to_come_is_refused() {
    let mut builder = MessageBuilder::new_vec().question();
    builder.push((Name::<Vec<u8>>::from_str("a.example").unwrap(), Rtype::A)).unwrap();
    let mut builder = builder.additional();
    builder
        .opt(|opt| {
            opt.set_version(1);
            Ok(())
        })
        .unwrap();
    let answer = answered(&builder.finish());
    assert_eq!((answer.opt_rcode(), answer.opt().unwrap().version()), (OptRcode::BADVERS, 0));
}

#[test]
fn what_is_no_query_gets_no_answer() {
    let mut response = query("a.example", Rtype::A);
    response[2] |= 0x80;
    for bytes in [&response[..], b"", b"GET / HTTP", &[0; 11]] {
        assert_eq!(answer(bytes, STREAM, &World), Verdict::Drop, "{bytes:?}");
    }
}

#[test]
fn a_query_that_cannot_be_understood_is_told_so() {
    let mut two = MessageBuilder::new_vec().question();
    for _ in 0..2 {
        two.push((Name::<Vec<u8>>::from_str("a.example").unwrap(), Rtype::A)).unwrap();
    }
    assert_eq!(code(&two.finish()), (Rcode::FORMERR, 0));
    assert_eq!(code(&[0; 12]), (Rcode::FORMERR, 0));
    let whole = query("a.example", Rtype::A);
    assert_eq!(code(&whole[..whole.len() - 1]), (Rcode::FORMERR, 0));
    for opcode in [Opcode::STATUS, Opcode::NOTIFY, Opcode::UPDATE, Opcode::IQUERY] {
        let mut other = whole.clone();
        other[2] = (other[2] & 0x87) | opcode.to_int() << 3;
        assert_eq!((code(&other).0, answered(&other).header().opcode()), (Rcode::NOTIMP, opcode));
    }
}

#[test]
fn an_answer_is_cut_behind_a_record() {
    let query = question(1, Asked::V4(b"crowd")).unwrap();
    assert_eq!(answered(&query).header_counts().ancount(), 250);
    for limit in [512, 513, 527, 528, 1232, 4000] {
        let Verdict::Answer(answer) = answer(&query, limit, &World) else { panic!() };
        assert!(answer.len() <= limit && answer.len() + 16 > limit, "{} of {limit}", answer.len());
        let message = Message::from_slice(&answer).unwrap();
        assert!(message.header().tc() && message.opt().is_some());
        let Outcome::Found(found) = addresses(&answer) else { panic!() };
        assert_eq!(found.len(), usize::from(message.header_counts().ancount()));
    }
}

#[test]
fn the_name_a_query_is_about() {
    assert_eq!(asked(&query("Mail.Example", Rtype::MX)), Some(b"Mail.Example".to_vec()));
    assert_eq!(asked(&[0; 12]), None);
    assert_eq!(asked_address(&query("7.2.0.192.in-addr.arpa", Rtype::PTR)), Some(ip("192.0.2.7")));
    assert_eq!(asked_for_addresses(&query("a.example", Rtype::AAAA)), Some(b"a.example".to_vec()));
    assert_eq!(asked_for_addresses(&query("a.example", Rtype::MX)), None);
    for (name, rtype) in [("7.2.0.192.in-addr.arpa", Rtype::A), ("a.example", Rtype::PTR)] {
        assert_eq!(asked_address(&query(name, rtype)), None);
    }
}
