//! Resolvers of a program's own, that send queries over sockets in every way there is, through a proxy that knows UDP and
//! one that does not.

use end_to_end::application::Wrapper;
use end_to_end::artifacts::Build;
use end_to_end::plan::*;
use end_to_end::proxies::Server;

use crate::preload;
use crate::suite::{Suite, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for server in [Server::Socksd, Server::Microsocks] {
            for used in USES {
                let name = format!("names::sockets::{used}::{}::{}", server.program(), build.name());
                suite.add(name, &["cc", "microsocks"], move |bench| {
                    let wrapper = preload::through(bench, build.library(), server.open())?;
                    let probe = preload::probe(bench, "name_server_uses", words(used))?;
                    let outcome = bench.run(&probe, &wrapper)?;
                    expect(outcome.succeeded(), "answers to what was asked", &outcome)
                });
            }
        }
    }
    for used in USES {
        suite.add(format!("names::sockets::{used}::without_us"), &["cc"], move |bench| {
            let probe = preload::probe(bench, "name_server_uses", words(used))?.at_proxy();
            let outcome = bench.run(&probe, &Wrapper::Nothing)?;
            expect(outcome.succeeded(), "answers to what was asked", &outcome)
        });
    }
}

fn words(used: &str) -> [String; 5] {
    [RESOLVER.to_string(), TARGET.v4.to_string(), DOMAIN.into(), NAME_LONG_TEXT.into(), used.into()]
}

const USES: &[&str] =
    &["outstanding", "relatives", "parts", "cut", "stream", "event_loop", "threads", "nothing_stays"];
