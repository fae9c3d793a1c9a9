//! Names reach the proxy as the application spells them, and those that cannot be are the resolver's error.

use end_to_end::application::Application;
use end_to_end::artifacts::Build;
use end_to_end::plan::LINE;
use end_to_end::script::{Act, Scripted};
use socks_proto::Host;

use super::{expect_same, plain};
use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for (label, name, arrives) in spellings() {
            let test = format!("names::spelling::{label}::{}", build.name());
            suite.add(test, &["cc"], move |bench| arrives_by(bench, build, ENTRIES, &name, &arrives));
        }
        let test = format!("names::spelling::international::{}", build.name());
        let (name, arrives) = ("B\u{fc}cher.test", "xn--bcher-kva.test");
        suite.add(test, &["cc"], move |bench| arrives_by(bench, build, &["getaddrinfo_idn"], name, arrives));
        let test = format!("names::spelling::odd::{}", build.name());
        suite.add(test, &["cc"], move |bench| nobody_is_asked(bench, build));
        for (label, name) in impossible() {
            let test = format!("names::impossible::{label}::{}", build.name());
            suite.add(test, &["cc"], move |bench| fails_as_without(bench, build, &name));
        }
    }
}

/// A label, a name, and the name that the proxy is to see.
fn spellings() -> Vec<(&'static str, String, String)> {
    let unchanged = [
        ("upper_case", "WWW.Target.TEST".to_owned()),
        ("underscore", "_line._tcp.target.test".to_owned()),
        ("hyphens", "-a-.b--c.test".to_owned()),
        ("one_label", "printer".to_owned()),
        ("punycode", "xn--bcher-kva.test".to_owned()),
        ("utf_8", "b\u{fc}cher.test".to_owned()),
        ("emoji", "\u{1f9e6}.test".to_owned()),
        ("onion", "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion".to_owned()),
        ("label_of_63", format!("{}.test", "a".repeat(63))),
        ("name_of_253", longest()),
    ];
    let mut all: Vec<_> = unchanged.into_iter().map(|(label, name)| (label, name.clone(), name)).collect();
    // The dot says that no search list is to be tried: that is done with when the proxy is asked.
    all.push(("final_dot", "www.target.test.".to_owned(), "www.target.test".to_owned()));
    all.push(("name_of_253_and_final_dot", longest() + ".", longest()));
    all
}

fn longest() -> String {
    format!("{0}.{0}.{0}.{1}", "n".repeat(63), "n".repeat(61))
}

fn arrives_by(bench: &Bench<'_>, build: Build, entries: &[&str], name: &str, arrives: &str) -> Verdict {
    let reply = vec![5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let acts =
        vec![Act::Greeting, Act::Send(vec![5, 0]), Act::Request, Act::Send(reply), Act::Answer, Act::Close];
    let proxy = Scripted::start(bench.world, acts)?;
    let wrapper =
        preload::with(bench, build.library(), &preload::route_to(proxy.port, "", "proxyprotocol: socks_v5"))?;
    for entry in entries {
        let words = [name, &LINE.to_string(), entry];
        let outcome = bench.run(&preload::probe(bench, "resolvers", words)?, &wrapper)?;
        expect(outcome.succeeded(), "the target's answer", &outcome)?;
    }
    let requests = proxy.requests();
    let is_spelled = |host: &Host| matches!(host, Host::Name(name) if name.as_bytes() == arrives.as_bytes());
    if requests.len() == entries.len() && requests.iter().all(|request| is_spelled(&request.host)) {
        return Ok(());
    }
    Err(format!("the proxy was asked for {requests:?}").into())
}

const ENTRIES: &[&str] = &["getaddrinfo", "getaddrinfo_inet6", "gethostbyname", "gethostbyname2_r_inet6"];

/// What no name server could know.
fn impossible() -> Vec<(&'static str, String)> {
    vec![
        ("label_of_64", format!("{}.test", "a".repeat(64))),
        ("name_of_254", longest() + "n"),
        ("name_of_255", longest() + "nn"),
        ("name_of_256", longest() + "nnn"),
        ("name_of_1000", "name.".repeat(200)),
        ("name_of_100000", "name.".repeat(20_000)),
        ("one_label_of_100000", "n".repeat(100_000)),
        ("empty_label", "a..test".to_owned()),
        ("dot_first", ".test".to_owned()),
        ("two_dots", "..".to_owned()),
        ("two_final_dots", "www.target.test..".to_owned()),
    ]
}

fn fails_as_without(bench: &Bench<'_>, build: Build, name: &str) -> Verdict {
    let proxy = Scripted::start(bench.world, vec![Act::Reset])?;
    let probe = || -> Result<Application, libtest_mimic::Failed> {
        preload::probe(bench, "lookups", ["codes", name])
    };
    let without = plain(bench, &probe()?)?;
    let wrapper =
        preload::with(bench, build.library(), &preload::route_to(proxy.port, "", "proxyprotocol: socks_v5"))?;
    expect_same(&without, &bench.run(&probe()?, &wrapper)?)
}

/// Names that are none, or nearly addresses, or those of this machine: whatever is answered, nobody hears of them.
const ODD: &[&str] = &[
    "*",
    " ",
    "with blank",
    "tab\there",
    "line\nbreak",
    "a/b",
    "%n%s%n%s",
    "\\",
    "-",
    "_",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.4 ",
    " 1.2.3.4",
    "0x",
    "0x1.2.3.4.5",
    "4294967296",
    "0177.0.0.1",
    "\u{661}\u{662}\u{667}.0.0.1",
    "[::1]",
    "::1%",
    "::ffff",
    "fe80::1%",
    "fe80::1%99999999999",
    "1:2:3:4:5:6:7:8:9",
    "localhost ",
    "LOCALHOST.",
    "localhost.localdomain",
    "name.localhost",
    "name.local",
    "application.",
    "application.target.test",
    "2.113.0.203.in-addr.arpa",
    "1.0.18.198.in-addr.arpa",
    "f.e.ip6.arpa",
    "name.onion",
    "name.invalid",
    "name.home.arpa",
    "wpad",
    "_gateway",
    "_outbound",
    "_localdnsstub",
    "_localdnsproxy",
];

fn nobody_is_asked(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Scripted::start(bench.world, vec![Act::Reset])?;
    let wrapper =
        preload::with(bench, build.library(), &preload::route_to(proxy.port, "", "proxyprotocol: socks_v5"))?;
    let words = ["codes"].into_iter().chain(ODD.iter().copied());
    let outcome = bench.run(&preload::probe(bench, "lookups", words)?, &wrapper)?;
    expect(
        outcome.succeeded() && outcome.text().lines().count() == ODD.len(),
        "answers of some kind",
        &outcome,
    )
}
