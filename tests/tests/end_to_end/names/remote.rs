//! Remote names, in every way libc can be asked for them: addresses that connect, and nobody but the proxy hears the name.

use end_to_end::artifacts::Build;
use end_to_end::plan::{LINE, NAME, UNREACHABLE_NETWORK};
use end_to_end::proxies::Server;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        let mut add = |name: &str, test: fn(&Bench<'_>, Build) -> Verdict| {
            let name = format!("names::remote::{name}::{}", build.name());
            suite.add(name, &["cc"], move |bench| test(bench, build));
        };
        add("getaddrinfo", getaddrinfo);
        add("threads", threads);
        add("multicast", multicast);
        add("multicast_on_a_direct_link", multicast_on_a_direct_link);
        for (label, content) in SWITCHES {
            let name = format!("names::switch::{label}::{}", build.name());
            suite.add(name, &["cc"], move |bench| switch(bench, build, content));
        }
    }
}

/// Sources of names that nsswitch.conf(5) may list, none of which may hear of a remote name.
const SWITCHES: &[(&str, &str)] = &[
    ("debian", "hosts: files mdns4_minimal [NOTFOUND=return] dns\n"),
    ("systemd", "hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns\n"),
    ("dns_first", "hosts: dns files\n"),
    ("dns_alone", "hosts: dns\n"),
    ("nis", "hosts: nis [NOTFOUND=return] files\n"),
    ("unknown", "hosts: nosuch\n"),
    ("no_line", "passwd: files\n"),
    ("empty", ""),
    ("broken", "hosts files dns\n:\n[\n\0\u{ff} hosts: [=\n"),
];

fn switch(bench: &Bench<'_>, build: Build, content: &str) -> Verdict {
    let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
    let file = bench.scratch.write("nsswitch.conf", content)?;
    let with = |probe: &str, words: &[&str]| {
        let probe = preload::probe(bench, probe, words.iter().copied())?;
        bench.run(&probe.seeing(file.clone(), "/etc/nsswitch.conf"), &wrapper)
    };
    let line = LINE.to_string();
    let remote = with("remote", &[NAME, &line])?;
    expect(remote.succeeded(), "addresses that connect", &remote)?;
    let reverse = with("reverse", &[NAME, &UNREACHABLE_NETWORK.v4.to_string()])?;
    expect(reverse.succeeded(), "names of addresses", &reverse)?;
    let local = with("lookups", &["getaddrinfo", "localhost", "several.local.test", "application", ""])?;
    expect(local.succeeded(), "answers of some kind", &local)
}

fn getaddrinfo(bench: &Bench<'_>, build: Build) -> Verdict {
    let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
    let outcome = bench.run(&preload::probe(bench, "remote", [NAME, &LINE.to_string()])?, &wrapper)?;
    expect(outcome.succeeded(), "addresses that connect", &outcome)
}

fn threads(bench: &Bench<'_>, build: Build) -> Verdict {
    let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
    let outcome =
        bench.run(&preload::probe(bench, "resolving_threads", [NAME, &LINE.to_string()])?, &wrapper)?;
    expect(outcome.succeeded(), "one address for each name", &outcome)
}

fn multicast(bench: &Bench<'_>, build: Build) -> Verdict {
    let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
    let outcome = bench.run(&preload::probe(bench, "multicast_names", [""; 0])?, &wrapper)?;
    expect(outcome.succeeded(), "refusals", &outcome)
}

/// A route that sends what is on the link direct does not mean the names asked for there.
fn multicast_on_a_direct_link(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let direct = |to: &str| format!("route {{ from: 0/0 to: {to} via: direct\n}}\n");
    let everything = preload::route_to(proxy.port(), "", "proxyprotocol: socks_v5");
    let configuration = direct("224.0.0.0/4") + &direct("ff00::/8") + &everything;
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let outcome = bench.run(&preload::probe(bench, "multicast_names", [""; 0])?, &wrapper)?;
    expect(outcome.succeeded(), "refusals", &outcome)
}
