//! Who resolves names: this machine where the configuration or a route says so.

use end_to_end::application::{Application, Outcome, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::plan::*;
use end_to_end::proxies::Server;
use end_to_end::script::{Act, Scripted};
use libtest_mimic::Failed;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for entry in ENTRIES {
            let name = format!("names::modes::local::{entry}::{}", build.name());
            suite.add_unchecked(name, &["cc"], move |bench| local(bench, build, entry));
            let name = format!("names::modes::direct_route::{entry}::{}", build.name());
            suite.add_unchecked(name, &["cc"], move |bench| direct_route(bench, build, entry));
        }
    }
}

/// Entries of libc that find addresses of either family, or of IPv4.
const ENTRIES: &[&str] = &[
    "getaddrinfo",
    "getaddrinfo_inet",
    "getaddrinfo_canonname",
    "getaddrinfo_addrconfig",
    "gethostbyname",
    "gethostbyname2_inet",
    "gethostbyname_r",
    "gethostbyname2_r_inet",
];

/// Runs the probe on a machine whose name server is the one on the link.
fn run(bench: &Bench<'_>, wrapper: &Wrapper, words: [&str; 3]) -> Result<Outcome, Failed> {
    let file = bench.scratch.write("resolv.conf", format!("nameserver {}\n", PROXY.v4))?;
    let probe: Application = preload::probe(bench, "resolvers", words)?;
    bench.run(&probe.seeing(file, "/etc/resolv.conf"), wrapper)
}

/// Fails unless the name server on the link was asked, by datagrams, and nothing else left.
fn expect_questions(bench: &Bench<'_>, outcome: &Outcome) -> Verdict {
    let leaks = bench.world.leaks()?;
    let is_asked = leaks.udp4 > 0 && leaks.udp4 == leaks.frames && leaks.tcp4 + leaks.tcp6 + leaks.udp6 == 0;
    let only = format!("; to {} . udp . {DNS}", PROXY.v4);
    let is_alone = leaks.to_string().lines().next().is_some_and(|line| line.ends_with(&only));
    expect(is_asked && is_alone, &format!("questions to {} alone, not {leaks}", PROXY.v4), outcome)
}

/// `resolveprotocol: local`: this machine resolves, the proxy connects.
fn local(bench: &Bench<'_>, build: Build, entry: &str) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    // The questions have to pass somewhere too.
    let direct = format!("route {{ from: 0/0 to: {}/32 via: direct\n}}\n", PROXY.v4);
    let everything = preload::route_to(proxy.port(), "", "proxyprotocol: socks_v5");
    let configuration = format!("resolveprotocol: local\n{direct}{everything}");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let outcome = run(bench, &wrapper, [NAME_V4, &LINE.to_string(), entry])?;
    expect(outcome.succeeded(), "an address that connects", &outcome)?;
    expect_questions(bench, &outcome)
}

/// A name whose route is direct is resolved by this machine, and one whose route is not still is not.
fn direct_route(bench: &Bench<'_>, build: Build, entry: &str) -> Verdict {
    let service = Scripted::start(bench.world, vec![Act::Answer, Act::Close])?;
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let direct = |to: &str| format!("route {{ from: 0/0 to: {to} via: direct\n}}\n");
    let configuration = direct(".link.test")
        + &direct(&format!("{}/32", PROXY.v4))
        + &preload::route_to(proxy.port(), "", "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let remote = run(bench, &wrapper, [NAME, &LINE.to_string(), entry])?;
    expect(remote.succeeded(), "the target's answer", &remote)?;
    let leaks = bench.world.leaks()?;
    expect(leaks.is_empty(), &format!("no question, not {leaks}"), &remote)?;
    let outcome = run(bench, &wrapper, [NAME_DIRECT, &service.port.to_string(), entry])?;
    expect(outcome.succeeded(), "an address that connects", &outcome)?;
    expect_questions(bench, &outcome)
}
