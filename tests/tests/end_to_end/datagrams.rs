//! Datagrams: through proxies that carry them as without a proxy, and nowhere through one that does not.

use end_to_end::application::Wrapper;
use end_to_end::artifacts::Build;
use end_to_end::plan::ECHO;
use end_to_end::proxies::Server;

use crate::addressing::Addressing;
use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

/// Proxies with UDP ASSOCIATE.
const CARRIERS: [Server; 2] = [Server::Socksd, Server::Danted];

pub(crate) fn add(suite: &mut Suite) {
    for addressing in Addressing::ALL {
        let label = addressing.label();
        for build in Build::ALL {
            for server in CARRIERS {
                let name = format!("datagrams::udp::{label}::{}::{}", server.program(), build.name());
                suite.add(name, &needs(server), move |bench| {
                    let wrapper = preload::through(bench, build.library(), server.open())?;
                    silent(bench, "udp", addressing, ECHO, &wrapper)
                });
            }
            for (kind, port) in [("dns", 53), ("other", 9999)] {
                let name = format!("datagrams::refused::{label}::{kind}::{}", build.name());
                suite.add(name, &needs(Server::Microsocks), move |bench| {
                    let wrapper = preload::through(bench, build.library(), Server::Microsocks.open())?;
                    silent(bench, "datagrams", addressing, port, &wrapper)
                });
            }
        }
        suite.add(format!("datagrams::udp::{label}::without_us"), &["cc"], move |bench| {
            let probe = preload::probe(bench, "udp", [addressing.host(), ECHO.to_string()])?;
            let outcome = bench.run(&probe.at_proxy(), &Wrapper::Nothing)?;
            expect(outcome.succeeded() && outcome.text().is_empty(), "no complaint", &outcome)
        });
    }
}

fn needs(server: Server) -> Vec<&'static str> {
    ["cc"].into_iter().chain(Some(server.program()).filter(|_| server != Server::Socksd)).collect()
}

/// Runs a probe that says nothing where everything is as it should be.
fn silent(bench: &Bench<'_>, probe: &str, addressing: Addressing, port: u16, wrapper: &Wrapper) -> Verdict {
    let probe = preload::probe(bench, probe, [addressing.host(), port.to_string()])?;
    let outcome = bench.run(&probe, wrapper)?;
    expect(outcome.succeeded() && outcome.text().is_empty(), "no complaint", &outcome)
}
