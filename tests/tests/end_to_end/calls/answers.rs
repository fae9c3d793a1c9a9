//! What scripted proxies answer to BIND, and what the application has to be told. Connections go through a proxy that
//! works: a route about `bind` alone leads to the scripted one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use end_to_end::artifacts::Build;
use end_to_end::plan::{CALLER, PROXY, TARGET};
use end_to_end::proxies::Server;
use end_to_end::script::{Act, Scripted};
use socks_proto::socks4::{self, Cd};
use socks_proto::socks5::{self, Method, Rep};
use socks_proto::{Address, Command, Host, Name};

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

/// Where the proxy says that it listens.
const THERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)), 4711);
/// Who calls.
const CALLS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 2)), 20);

/// A proxy's answers, and what the application prints.
struct Case {
    name: String,
    protocol: &'static str,
    acts: Vec<Act>,
    prints: String,
}

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for how in ["blocking", "polling"] {
            for case in cases() {
                let name = format!("calls::answers::{}::{how}::{}", case.name, build.name());
                suite.add(name, &["cc"], move |bench| answered(bench, build, how, &case));
            }
        }
        let name = format!("calls::answers::microsocks::{}", build.name());
        suite.add(name, &["cc", "microsocks"], move |bench| {
            bench.world.start(Server::Microsocks.open())?;
            outcome(
                bench,
                build,
                "blocking",
                Server::Microsocks.open().port(),
                "socks_v5",
                "listen EOPNOTSUPP\n",
            )
        });
    }
}

fn answered(bench: &Bench<'_>, build: Build, how: &str, case: &Case) -> Verdict {
    let proxy = Scripted::start(bench.world, case.acts.clone())?;
    outcome(bench, build, how, proxy.port, case.protocol, &case.prints)?;
    let asked = proxy.commands();
    let expected = (Some(Command::Bind), Address::from(SocketAddr::from((TARGET.v4, CALLER))));
    if asked.iter().all(|asked| *asked == expected) && !asked.is_empty() {
        return Ok(());
    }
    Err(format!("the proxy was asked for {asked:?}").into())
}

fn outcome(bench: &Bench<'_>, build: Build, how: &str, port: u16, protocol: &str, prints: &str) -> Verdict {
    bench.world.start(Server::Socksd.open())?;
    let good = Server::Socksd.open().port();
    let configuration =
        preload::route_to(port, super::ALWAYS, &format!("proxyprotocol: {protocol} command: bind"))
            + &preload::route_to(good, "", "proxyprotocol: socks_v5 command: connect");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let words = [TARGET.v4.to_string(), CALLER.to_string(), how.to_owned()];
    let outcome = bench.run(&preload::probe(bench, "call_outcome", words)?, &wrapper)?;
    expect(outcome.succeeded() && outcome.text() == prints, prints, &outcome)
}

fn cases() -> Vec<Case> {
    [first_replies(), addresses(), second_replies(), calls()].into_iter().flatten().collect()
}

fn case(name: impl Into<String>, acts: impl IntoIterator<Item = Act>, prints: impl Into<String>) -> Case {
    let choice = Act::Send(socks5::encode_choice(Method::NONE).as_bytes().to_vec());
    let acts = [Act::Greeting, choice, Act::Request].into_iter().chain(acts).collect();
    Case { name: name.into(), protocol: "socks_v5", acts, prints: prints.into() }
}

fn reply(rep: u8, bnd: impl Into<Address>) -> Vec<u8> {
    socks5::encode_reply(Rep(rep), &bnd.into()).as_bytes().to_vec()
}

fn errno(rep: u8) -> &'static str {
    match rep {
        0x02 => "EACCES",
        0x03 | 0x08 => "ENETUNREACH",
        0x04 => "EHOSTUNREACH",
        0x06 => "ETIMEDOUT",
        0x07 => "EOPNOTSUPP",
        _ => "ECONNREFUSED",
    }
}

fn first_replies() -> Vec<Case> {
    let refused = |rep| {
        let acts = [Act::Send(reply(rep, THERE)), Act::Close];
        case(format!("first_{rep:02x}"), acts, format!("listen {}\n", errno(rep)))
    };
    let mut cases: Vec<Case> = (1..=9).map(refused).collect();
    cases.push(case("first_none", [Act::Close], "listen ECONNREFUSED\n"));
    cases.push(case("first_reset", [Act::Reset], "listen ECONNREFUSED\n"));
    cases.push(case("first_nonsense", [Act::Send(b"HTTP/1.0 501\r\n".to_vec())], "listen ECONNREFUSED\n"));
    cases
}

/// Where the proxy says nothing it is at its own address; what cannot be told to others is of no use.
fn addresses() -> Vec<Case> {
    let no_address = SocketAddr::from(([0, 0, 0, 0], 4711));
    let no_port = SocketAddr::from(([203, 0, 113, 1], 0));
    let ipv6: SocketAddr = "[2001:db8:7::1]:4711".parse().expect("an address");
    let name = Address { host: Host::Name(Name::new(b"proxy.test").expect("a name")), port: 4711 };
    let literal = Address { host: Host::Name(Name::new(b"203.0.113.1").expect("a name")), port: 4711 };
    let called = |first: Vec<u8>| {
        [Act::Send(first), Act::Send(reply(0, CALLS)), Act::Send(b"hello\n".to_vec()), Act::Hang]
    };
    let useless = |first: Vec<u8>| [Act::Send(first), Act::Hang];
    vec![
        case(
            "at_its_own_address",
            called(reply(0, no_address)),
            format!("{} 4711\n203.0.113.2 20\nhello\n", PROXY.v4),
        ),
        case("at_a_literal", called(reply(0, literal)), "203.0.113.1 4711\n203.0.113.2 20\nhello\n"),
        case("at_no_port", useless(reply(0, no_port)), "listen EADDRNOTAVAIL\n"),
        case("at_a_name", useless(reply(0, name)), "listen EADDRNOTAVAIL\n"),
        case("in_another_family", useless(reply(0, ipv6)), "listen EADDRNOTAVAIL\n"),
    ]
}

fn second_replies() -> Vec<Case> {
    let first = || Act::Send(reply(0, THERE));
    let refused = |rep| {
        let acts = [first(), Act::Send(reply(rep, CALLS)), Act::Close];
        case(format!("second_{rep:02x}"), acts, format!("203.0.113.1 4711\naccept {}\n", errno(rep)))
    };
    let mut cases: Vec<Case> = (1..=6).map(refused).collect();
    let late = "203.0.113.1 4711\naccept ETIMEDOUT\n";
    cases.push(case("second_none", [first(), Act::Close], late));
    cases.push(case("second_reset", [first(), Act::Reset], late));
    cases
}

/// A call in one segment with both replies, byte by byte, by SOCKS4.
fn calls() -> Vec<Case> {
    let said = "203.0.113.1 4711\n203.0.113.2 20\nhello\n";
    let all = [reply(0, THERE), reply(0, CALLS), b"hello\n".to_vec()].concat();
    let granted = |address| socks4::encode_reply(Cd::GRANTED, &Address::from(address)).as_bytes().to_vec();
    let all4 = [granted(THERE), granted(CALLS), b"hello\n".to_vec()].concat();
    let socks4 = |name: &str, acts: Vec<Act>, prints: &str| Case {
        name: name.into(),
        protocol: "socks_v4",
        acts: [vec![Act::Request4], acts].concat(),
        prints: prints.into(),
    };
    let rejected = socks4::encode_reply(Cd(0x5b), &Address::from(THERE)).as_bytes().to_vec();
    vec![
        case("in_one_segment", [Act::Send(all.clone()), Act::Hang], said),
        case("bytewise", [Act::SendBytewise(all), Act::Hang], said),
        socks4("socks4", vec![Act::Send(all4), Act::Hang], said),
        socks4("socks4_rejected", vec![Act::Send(rejected), Act::Close], "listen ECONNREFUSED\n"),
        socks4(
            "socks4_nobody_called",
            vec![Act::Send(granted(THERE)), Act::Close],
            "203.0.113.1 4711\naccept ETIMEDOUT\n",
        ),
    ]
}
