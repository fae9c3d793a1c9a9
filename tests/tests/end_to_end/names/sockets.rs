//! Resolvers of a program's own, that send queries over sockets in every way there is, through a proxy that knows UDP and
//! one that does not.

use end_to_end::application::{Application, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::fixtures;
use end_to_end::plan::*;
use end_to_end::proxies::Server;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for (server, used) in [Server::Socksd, Server::Microsocks]
            .into_iter()
            .flat_map(|server| USES.iter().map(move |used| (server, *used)))
        {
            for (label, prefix) in [("ipv4", ""), ("mapped", "::ffff:")] {
                let name = format!("names::sockets::{used}::{label}::{}::{}", server.program(), build.name());
                suite.add(name, &["cc", "microsocks"], move |bench| {
                    let wrapper = preload::through(bench, build.library(), server.open())?;
                    let probe = preload::probe(bench, "name_server_uses", words(used, prefix))?;
                    let outcome = bench.run(&probe, &wrapper)?;
                    expect(outcome.succeeded(), "answers to what was asked", &outcome)
                });
            }
        }
    }
    for build in Build::ALL {
        let name = format!("names::sockets::odd_servers::{}", build.name());
        suite.add(name, &["python3"], move |bench| odd_servers(bench, build));
        for (label, server, direct) in RECONNECTED {
            let name = format!("names::sockets::reconnected::{label}::{}", build.name());
            suite.add(name, &["cc"], move |bench| reconnected(bench, build, server, direct));
        }
    }
    // A name server takes fewer connections than we do.
    for used in USES.iter().filter(|used| **used != "idle_streams") {
        suite.add(format!("names::sockets::{used}::without_us"), &["cc"], move |bench| {
            let probe = preload::probe(bench, "name_server_uses", words(used, ""))?.at_proxy();
            let outcome = bench.run(&probe, &Wrapper::Nothing)?;
            expect(outcome.succeeded(), "answers to what was asked", &outcome)
        });
    }
}

fn odd_servers(bench: &Bench<'_>, build: Build) -> Verdict {
    let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
    let script = fixtures::source("programs/odd_name_servers.py");
    let outcome = bench.run(&Application::new(["python3".into(), script]), &wrapper)?;
    expect(outcome.text() == "done\n", "an end", &outcome)
}

/// Name servers that nobody runs, and targets with a direct route, to which nothing is sent.
const RECONNECTED: [(&str, &str, &str); 3] = [
    ("ipv4", "192.0.2.53", "10.99.1.77"),
    ("mapped", "::ffff:192.0.2.53", "::ffff:10.99.1.77"),
    ("ipv6", "2001:db8:53::1", "fd99:1::77"),
];

fn reconnected(bench: &Bench<'_>, build: Build, server: &str, direct: &str) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let direct_routes = ["10.99.1.77/32", "fd99:1::77/128"]
        .map(|to| format!("route {{ from: 0/0 to: {to} via: direct\n}}\n"))
        .concat();
    let routes = preload::route_to(proxy.port(), &direct_routes, "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &routes)?;
    let outcome =
        bench.run(&preload::probe(bench, "name_server_reconnected", [server, direct])?, &wrapper)?;
    expect(outcome.succeeded(), "no complaint", &outcome)
}

fn words(used: &str, prefix: &str) -> [String; 5] {
    let [server, other] = [RESOLVER, TARGET.v4].map(|server| format!("{prefix}{server}"));
    [server, other, DOMAIN.into(), NAME_LONG_TEXT.into(), used.into()]
}

const USES: &[&str] = &[
    "outstanding",
    "crowd",
    "idle_streams",
    "relatives",
    "parts",
    "cut",
    "stream",
    "event_loop",
    "threads",
    "nothing_stays",
    "inherited",
];
