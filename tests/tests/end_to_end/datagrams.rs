//! Datagrams: through proxies that carry them as without a proxy, and nowhere through one that does not.

mod compared;
mod load;
mod programs;
mod relays;

use end_to_end::application::{Application, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::plan::{ECHO, TARGET};
use end_to_end::proxies::Server;

use crate::addressing::Addressing;
use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

/// Proxies with UDP ASSOCIATE.
const CARRIERS: [Server; 2] = [Server::Socksd, Server::Danted];

pub(crate) fn add(suite: &mut Suite) {
    compared::add(suite);
    load::add(suite);
    programs::add(suite);
    relays::add(suite);
    add_name_servers(suite);
    add_shells(suite);
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
            let name = format!("datagrams::refused::{label}::{}", build.name());
            suite.add(name, &needs(Server::Microsocks), move |bench| {
                let wrapper = preload::through(bench, build.library(), Server::Microsocks.open())?;
                silent(bench, "datagrams", addressing, ECHO, &wrapper)
            });
        }
        suite.add(format!("datagrams::udp::{label}::without_us"), &["cc"], move |bench| {
            let probe = preload::probe(bench, "udp", [addressing.host(), ECHO.to_string()])?;
            let outcome = bench.run(&probe.at_proxy(), &Wrapper::Nothing)?;
            expect(outcome.succeeded() && outcome.text().is_empty(), "no complaint", &outcome)
        });
    }
}

/// A shell writes to what it has redirected by stdio, from inside libc.
fn add_shells(suite: &mut Suite) {
    for build in Build::ALL {
        for server in CARRIERS {
            let name = format!("datagrams::bash::{}::{}", server.program(), build.name());
            let needs: Vec<&str> = needs(server).into_iter().chain(["bash"]).collect();
            suite.add(name, &needs, move |bench| {
                let wrapper = preload::through(bench, build.library(), server.open())?;
                let to = format!("/dev/udp/{}/{ECHO}", TARGET.v4);
                let script = format!(
                    "exec 3<>{to}; for line in one two six; do echo $line >&3; \
                     IFS= read -t 20 -N 4 -r answer <&3; echo -n \"$answer\"; done"
                );
                let outcome = bench.run(&Application::new(["bash", "-c", &script]), &wrapper)?;
                expect(outcome.text() == "one\ntwo\nsix\n", "three answers", &outcome)
            });
        }
    }
}

/// Name servers that nobody runs: far away, and on this machine.
const NAME_SERVERS: [(&str, &str); 4] =
    [("ipv4", "192.0.2.53"), ("ipv6", "2001:db8:53::1"), ("loopback", "127.0.0.53"), ("loopback6", "::1")];

/// A proxy without UDP is all it takes for port 53 to answer.
fn add_name_servers(suite: &mut Suite) {
    for build in Build::ALL {
        for (label, address) in NAME_SERVERS {
            let name = format!("datagrams::name_server::{label}::{}", build.name());
            suite.add(name, &needs(Server::Microsocks), move |bench| {
                let wrapper = preload::through(bench, build.library(), Server::Microsocks.open())?;
                let outcome = bench.run(&preload::probe(bench, "name_server", [address])?, &wrapper)?;
                expect(outcome.succeeded() && outcome.text().is_empty(), "no complaint", &outcome)
            });
        }
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
