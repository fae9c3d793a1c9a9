//! Relays that send what they should not, and proxies that give none.

use end_to_end::artifacts::Build;
use end_to_end::plan::{ECHO, NAME_V4, TARGET};
use end_to_end::relay::{Bnd, Relay};
use end_to_end::script::{Act, Scripted};
use socks_proto::socks5::{self, Method, Rep};
use socks_proto::{Address, Host, Name};

use crate::failures::limit;
use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

const BNDS: &[(&str, Bnd)] =
    &[("address", Bnd::Address), ("unspecified", Bnd::Unspecified4), ("unspecified_ipv6", Bnd::Unspecified6)];

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for &(label, bnd) in BNDS {
            for (form, host) in [("ipv4", TARGET.v4.to_string()), ("name", NAME_V4.to_owned())] {
                let name = format!("datagrams::relay::{label}::{form}::{}", build.name());
                suite.add(name, &["cc"], move |bench| misled(bench, build, bnd, host));
            }
        }
        for (label, acts, errno) in without_relay() {
            let name = format!("datagrams::no_relay::{label}::{}", build.name());
            suite.add(name, &["cc"], move |bench| told(bench, build, acts, errno));
        }
    }
}

fn misled(bench: &Bench<'_>, build: Build, bnd: Bnd, host: String) -> Verdict {
    let relay = Relay::start(bench.world, bnd)?;
    let configuration = preload::route_to(relay.port, "", "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let outcome = bench.run(&preload::probe(bench, "relay", [host, ECHO.to_string()])?, &wrapper)?;
    expect(outcome.succeeded(), "success", &outcome)
}

/// What proxies say to UDP ASSOCIATE, and the errno that applications see.
fn without_relay() -> Vec<(&'static str, Vec<Act>, &'static str)> {
    let zero = || Address::from(std::net::SocketAddr::from(([0, 0, 0, 0], 0)));
    let refusal = |rep: u8| reply(Rep(rep), &zero());
    let named = Name::new(b"relay.test").map(|name| Address { host: Host::Name(name), port: 4000 });
    let by_name = named.map_or_else(|_| refusal(0xff), |bnd| reply(Rep::SUCCEEDED, &bnd));
    let far = Address::from(std::net::SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 4000)));
    vec![
        ("general_failure", refusal(1), "ECONNREFUSED"),
        ("not_allowed", refusal(2), "EACCES"),
        ("network_unreachable", refusal(3), "ENETUNREACH"),
        ("host_unreachable", refusal(4), "EHOSTUNREACH"),
        ("refused", refusal(5), "ECONNREFUSED"),
        ("ttl_expired", refusal(6), "ETIMEDOUT"),
        ("command_not_supported", refusal(7), "ENETUNREACH"),
        ("address_type_not_supported", refusal(8), "ENETUNREACH"),
        ("unknown_reply", refusal(0x55), "ECONNREFUSED"),
        ("no_method", vec![Act::Greeting, choice(Method(0xff)), Act::Close], "ENETUNREACH"),
        ("closes", vec![Act::Greeting, Act::Close], "ECONNREFUSED"),
        ("resets", vec![Act::Greeting, choice(Method::NONE), Act::Request, Act::Reset], "ENETUNREACH"),
        ("hangs", vec![Act::Greeting, choice(Method::NONE), Act::Request, Act::Hang], "ETIMEDOUT"),
        ("by_name", by_name, "ECONNREFUSED"),
        ("of_another_family", reply(Rep::SUCCEEDED, &far), "ENETUNREACH"),
    ]
}

fn choice(method: Method) -> Act {
    Act::Send(socks5::encode_choice(method).as_bytes().to_vec())
}

fn reply(rep: Rep, bnd: &Address) -> Vec<Act> {
    let reply = Act::Send(socks5::encode_reply(rep, bnd).as_bytes().to_vec());
    vec![Act::Greeting, choice(Method::NONE), Act::Request, reply, Act::Hang]
}

fn told(bench: &Bench<'_>, build: Build, acts: Vec<Act>, errno: &str) -> Verdict {
    let proxy = Scripted::start(bench.world, acts)?;
    let options = format!("timeout.connect: {}", limit(errno));
    let configuration = preload::route_to(proxy.port, &options, "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let probe = preload::probe(bench, "no_relay", [TARGET.v4.to_string(), ECHO.to_string()])?;
    let outcome = bench.run(&probe, &wrapper)?;
    let said = format!("{errno} {errno} {errno}\n");
    expect(outcome.succeeded() && outcome.text() == said, &said, &outcome)
}
