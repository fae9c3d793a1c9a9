//! Queries of the resolver: the addresses in their answers connect, and every other record is what the name server says,
//! which is asked through the proxy.

use end_to_end::artifacts::Build;
use end_to_end::plan::*;
use end_to_end::proxies::Server;

use super::{expect_same, where_it_can_be_asked};
use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for server in Server::ALL {
            let name = format!("names::queries::addresses::{}::{}", server.program(), build.name());
            suite.add(name, &needs(server), move |bench| addresses(bench, build, server));
            let name = format!("names::queries::records::{}::{}", server.program(), build.name());
            suite.add(name, &needs(server), move |bench| records(bench, build, server));
        }
    }
}

fn needs(server: Server) -> Vec<&'static str> {
    let installed = (server != Server::Socksd).then(|| server.program());
    ["cc"].into_iter().chain(installed).collect()
}

fn addresses(bench: &Bench<'_>, build: Build, server: Server) -> Verdict {
    let wrapper = preload::through(bench, build.library(), server.open())?;
    let words = ["addresses", NAME, &LINE.to_string()];
    let outcome = bench.run(&preload::probe(bench, "answers", words)?, &wrapper)?;
    expect(outcome.succeeded(), "addresses that connect", &outcome)
}

fn records(bench: &Bench<'_>, build: Build, server: Server) -> Verdict {
    let questions = [
        format!("MX/{DOMAIN}"),
        format!("TXT/{DOMAIN}"),
        format!("TXT/{NAME_LONG_TEXT}"),
        format!("SRV/{NAME_SERVICE}"),
        format!("SSHFP/{NAME}"),
        format!("HTTPS/{NAME}"),
        format!("MX/{NAME_UNKNOWN}"),
        format!("NS/{NAME}"),
        format!("PTR/{}", reversed()),
    ];
    let probe = preload::probe(bench, "answers", ["records".to_owned()].into_iter().chain(questions))?;
    let without = where_it_can_be_asked(bench, &probe)?;
    let wrapper = preload::through(bench, build.library(), server.open())?;
    expect_same(&without, &bench.run(&probe, &wrapper)?)
}

fn reversed() -> String {
    let [a, b, c, d] = TARGET.v4.octets();
    format!("{d}.{c}.{b}.{a}.in-addr.arpa")
}
