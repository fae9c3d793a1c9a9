//! Modes in which names have their real addresses: a name server is asked through the proxy, and what it says is what libc would
//! make of it.

use end_to_end::artifacts::Build;
use end_to_end::plan::*;
use end_to_end::proxies::Server;

use super::{expect_same, where_it_can_be_asked};
use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for (protocol, server) in
            WAYS.iter().flat_map(|(way, servers)| servers.iter().map(move |to| (*way, *to)))
        {
            let name = |kind: &str| {
                format!("names::resolved::{protocol}::{kind}::{}::{}", server.program(), build.name())
            };
            for (kind, asked) in ANSWERS {
                suite.add(name(kind), &needs(server), move |bench| {
                    same_as_the_name_server(bench, build, (protocol, server), kind, asked)
                });
            }
            suite.add(name("connect"), &needs(server), move |bench| connects(bench, build, protocol, server));
        }
    }
}

/// How the name server is asked, and the proxies that carry that.
const WAYS: &[(&str, &[Server])] = &[("tcp", &Server::ALL), ("udp", &Server::ALL)];

fn needs(server: Server) -> Vec<&'static str> {
    let installed = (server != Server::Socksd).then(|| server.program());
    ["cc"].into_iter().chain(installed).collect()
}

/// What is asked, and of whom; the order of addresses of two families depends on where one is, so that is not asked.
const ANSWERS: &[(&str, &[&str])] = &[
    ("getaddrinfo", &[NAME_V4, NAME_V6]),
    ("gethostbyname", &[NAME, NAME_V4, NAME_V6, NAME_UNKNOWN, DOMAIN, NAME_ALIAS]),
    ("gethostbyaddr", &["203.0.113.2", "2001:db8:7::2", "198.51.100.66"]),
    ("getnameinfo", &["203.0.113.2", "2001:db8:7::2"]),
];

fn same_as_the_name_server(
    bench: &Bench<'_>,
    build: Build,
    (protocol, server): (&str, Server),
    kind: &str,
    asked: &[&str],
) -> Verdict {
    bench.world.start(server.open())?;
    let options = format!("resolveprotocol: {protocol}");
    let configuration = preload::route_to(server.open().port(), &options, "proxyprotocol: socks_v5");
    let probe = preload::probe(bench, "lookups", [kind].iter().chain(asked).copied())?;
    let without = where_it_can_be_asked(bench, &probe)?;
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    expect_same(&without, &bench.run(&probe, &wrapper)?)
}

fn connects(bench: &Bench<'_>, build: Build, protocol: &str, server: Server) -> Verdict {
    bench.world.start(server.open())?;
    let options = format!("resolveprotocol: {protocol}");
    let configuration = preload::route_to(server.open().port(), &options, "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    for entry in ["getaddrinfo", "getaddrinfo_inet6", "gethostbyname", "gethostbyname2_r_inet6"] {
        let words = [NAME, &LINE.to_string(), entry];
        let outcome = bench.run(&preload::probe(bench, "resolvers", words)?, &wrapper)?;
        expect(outcome.succeeded(), "the target's answer", &outcome)?;
    }
    Ok(())
}
