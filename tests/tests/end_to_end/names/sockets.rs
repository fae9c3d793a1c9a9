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
    }
    for used in USES {
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

fn words(used: &str, prefix: &str) -> [String; 5] {
    let [server, other] = [RESOLVER, TARGET.v4].map(|server| format!("{prefix}{server}"));
    [server, other, DOMAIN.into(), NAME_LONG_TEXT.into(), used.into()]
}

const USES: &[&str] =
    &["outstanding", "relatives", "parts", "cut", "stream", "event_loop", "threads", "nothing_stays"];
