//! What this machine knows by itself is answered as libc answers it, and nobody is asked.

use end_to_end::application::Application;
use end_to_end::artifacts::Build;
use end_to_end::proxies::Server;

use super::{expect_same, plain};
use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for (kind, asked) in
            PROBES.iter().flat_map(|(kind, words)| words.iter().map(move |word| (*kind, *word)))
        {
            let label = if asked.is_empty() { "empty" } else { asked };
            let name = format!("names::local::{kind}::{label}::{}", build.name());
            suite.add(name, &["cc"], move |bench| probe(bench, build, kind, asked));
        }
        for words in GETENT {
            let name = format!("names::local::getent::{}::{}", words.join("_"), build.name());
            suite.add(name, &["getent"], move |bench| getent(bench, build, words));
        }
    }
}

/// What is asked, and of which names and addresses.
const PROBES: &[(&str, &[&str])] = &[
    ("getaddrinfo", NAMES),
    ("getaddrinfo", &["NULL", "fe80::1%lo", "fe80::1%nosuch", "::ffff:192.0.2.1", "*"]),
    ("gethostbyname", NAMES),
    ("gethostbyname", &["*"]),
    ("gethostbyaddr", ADDRESSES),
    ("getnameinfo", ADDRESSES),
    ("getnameinfo", &["fe80::1"]),
];

const NAMES: &[&str] = &[
    "localhost",
    "LOCALHOST",
    "application",
    "several.local.test",
    "several",
    "again.local.test",
    "inet.local.test",
    "INET",
    "inet6",
    "192.0.2.1",
    "192.0.513",
    "0x7f.1",
    "2001:db8::1",
    "",
];

const ADDRESSES: &[&str] =
    &["127.0.0.1", "127.0.1.1", "::1", "10.1.2.3", "10.1.2.4", "192.0.2.50", "fd00::5"];

/// Without us nothing but files may be asked: the answer of a name server is none of this machine's.
fn files_only(bench: &Bench<'_>, application: Application) -> Result<Application, libtest_mimic::Failed> {
    let file = bench.scratch.write("nsswitch.conf", "hosts: files\nservices: files\n")?;
    Ok(application.seeing(file, "/etc/nsswitch.conf"))
}

fn probe(bench: &Bench<'_>, build: Build, kind: &str, asked: &str) -> Verdict {
    let words = [kind, asked];
    let without = plain(bench, &files_only(bench, preload::probe(bench, "lookups", words)?)?)?;
    expect(without.succeeded(), "answers", &without)?;
    let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
    let with = bench.run(&preload::probe(bench, "lookups", words)?, &wrapper)?;
    expect_same(&without, &with)
}

/// Every database of getent(1), and local hosts in each of its ways.
const GETENT: &[&[&str]] = &[
    &["hosts"],
    &["hosts", "several.local.test"],
    &["ahosts", "several.local.test"],
    &["ahostsv4", "several.local.test"],
    &["ahostsv6", "several.local.test"],
    &["hosts", "127.0.0.1"],
    &["hosts", "10.1.2.4"],
    &["ahosts", "localhost"],
    &["ahostsv4", "inet.local.test"],
    &["ahostsv6", "inet.local.test"],
    &["ahostsv6", "inet6"],
    &["passwd"],
    &["passwd", "root"],
    &["group"],
    &["group", "0"],
    &["initgroups", "root"],
    &["shadow", "daemon"],
    &["gshadow", "daemon"],
    &["services", "http", "53/udp"],
    &["protocols", "tcp"],
    &["networks"],
    &["networks", "loopback"],
    &["rpc"],
    &["netgroup", "nobody"],
    &["ethers", "nobody"],
    &["aliases"],
];

fn getent(bench: &Bench<'_>, build: Build, words: &[&str]) -> Verdict {
    let getent = || Application::new(["getent"]).args(words.iter().copied());
    let without = plain(bench, &files_only(bench, getent())?)?;
    let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
    let with = bench.run(&getent(), &wrapper)?;
    expect_same(&without, &with)
}
