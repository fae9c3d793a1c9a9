//! Names and addresses that the proxy itself resolves, as Tor's does: its commands RESOLVE and RESOLVE_PTR.

use std::net::IpAddr;

use end_to_end::application::Application;
use end_to_end::artifacts::Build;
use end_to_end::plan::*;
use end_to_end::proxies::Server;
use end_to_end::script::{Act, Scripted};
use socks_proto::{Command, Host};

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        let mut add = |name: &str, test: fn(&Bench<'_>, Build) -> Verdict| {
            let name = format!("names::tor::{name}::{}", build.name());
            suite.add(name, &["cc"], move |bench| test(bench, build));
        };
        add("name", name);
        add("address", address);
        add("unknown_name", unknown_name);
        add("socksd", socksd);
        let name = format!("names::tor::port_53::{}", build.name());
        suite.add(name, &["dig"], move |bench| port_53(bench, build));
    }
}

/// A reply as Tor gives it to RESOLVE, and as every proxy gives it to CONNECT.
fn reply(code: u8, bound: &[u8]) -> Vec<u8> {
    [&[5, code, 0], bound, &[0, 0]].concat()
}

fn tor_like(bench: &Bench<'_>, reply: Vec<u8>) -> Result<Scripted, end_to_end::error::Error> {
    let acts =
        vec![Act::Greeting, Act::Send(vec![5, 0]), Act::Request, Act::Send(reply), Act::Answer, Act::Close];
    Scripted::start(bench.world, acts)
}

const TOR: &str = "resolveprotocol: tor";

/// The proxy is asked for the address of a name, and then for the connection to that address.
fn name(bench: &Bench<'_>, build: Build) -> Verdict {
    let [a, b, c, d] = TARGET.v4.octets();
    let proxy = tor_like(bench, reply(0, &[1, a, b, c, d]))?;
    let configuration = preload::route_to(proxy.port, TOR, "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    for entry in ["getaddrinfo", "gethostbyname"] {
        let words = [NAME, &LINE.to_string(), entry];
        let outcome = bench.run(&preload::probe(bench, "resolvers", words)?, &wrapper)?;
        expect(outcome.succeeded(), "the target's answer", &outcome)?;
    }
    let commands = proxy.commands();
    let is_name = |host: &Host| matches!(host, Host::Name(name) if name.as_bytes() == NAME.as_bytes());
    let is_right = commands.chunks(2).all(|pair| match pair {
        [(Some(Command::Resolve), asked), (Some(Command::Connect), to)] => {
            is_name(&asked.host) && to.host == Host::Ip(TARGET.v4.into()) && to.port == LINE
        }
        _ => false,
    });
    if is_right && commands.len() == 4 {
        Ok(())
    } else {
        Err(format!("the proxy was asked {commands:?}").into())
    }
}

/// Our own proxy answers as Tor does.
fn socksd(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let configuration = preload::route_to(proxy.port(), TOR, "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let words = [NAME, &LINE.to_string(), "getaddrinfo"];
    let outcome = bench.run(&preload::probe(bench, "resolvers", words)?, &wrapper)?;
    expect(outcome.succeeded(), "the target's answer", &outcome)
}

fn address(bench: &Bench<'_>, build: Build) -> Verdict {
    let length = u8::try_from(NAME.len())?;
    let proxy = tor_like(bench, reply(0, &[&[3, length], NAME.as_bytes()].concat()))?;
    let configuration = preload::route_to(proxy.port, TOR, "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let text = TARGET.v4.to_string();
    let outcome = bench.run(&preload::probe(bench, "lookups", ["gethostbyaddr", &text])?, &wrapper)?;
    let expected = format!(
        "gethostbyaddr {text}: h_errno 0 {NAME} 2(4) {text}\n\
         gethostbyaddr_r {text}: 0 h_errno 0 {NAME} 2(4) {text}\n"
    );
    expect(outcome.text() == expected, &expected, &outcome)?;
    let is_asked = |(command, asked): &(Option<Command>, socks_proto::Address)| {
        *command == Some(Command::ResolvePtr) && asked.host == Host::Ip(IpAddr::V4(TARGET.v4))
    };
    let commands = proxy.commands();
    let is_right = !commands.is_empty() && commands.iter().all(is_asked);
    if is_right { Ok(()) } else { Err(format!("the proxy was asked {commands:?}").into()) }
}

/// Tor says "host unreachable" of a name that does not exist.
fn unknown_name(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = tor_like(bench, reply(4, &[1, 0, 0, 0, 0]))?;
    let configuration = preload::route_to(proxy.port, TOR, "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let outcome = bench.run(&preload::probe(bench, "lookups", ["codes", NAME_UNKNOWN])?, &wrapper)?;
    let expected = format!("{} bytes: -2 -2 1 1\n", NAME_UNKNOWN.len());
    expect(outcome.text() == expected, &expected, &outcome)
}

/// Who asks a name server himself has addresses from the proxy, and other records from the name server behind it.
fn port_53(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let configuration = preload::route_to(proxy.port(), TOR, "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let server = format!("@{RESOLVER}");
    for way in ["+notcp", "+tcp"] {
        for (name, kind, answer) in [
            (NAME_V4, "A", format!("{}\n", TARGET.v4)),
            (DOMAIN, "MX", format!("{MX_PREFERENCE} {NAME_V4}.\n")),
            (NAME_UNKNOWN, "A", String::new()),
        ] {
            let dig = Application::new(["dig", "+short", way, &server, name, kind]);
            let outcome = bench.run(&dig, &wrapper)?;
            expect(outcome.text() == answer, &answer, &outcome)?;
        }
    }
    Ok(())
}
