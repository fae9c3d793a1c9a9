//! One small C program per behaviour that applications rely on.

use end_to_end::application::Wrapper;
use end_to_end::artifacts::Build;
use end_to_end::plan::{CLOSED, ECHO, GREETING, LINE, NAME, NAME_LONG_TEXT, TARGET, UNREACHABLE_NETWORK};
use end_to_end::proxies::Server;

use crate::addressing::Addressing;
use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

/// A probe, how its test is called, its arguments, what it prints.
struct Row {
    probe: &'static str,
    label: String,
    words: Vec<String>,
    prints: &'static str,
}

pub(crate) fn add(suite: &mut Suite) {
    for Row { probe, label, words, prints } in rows() {
        for build in Build::ALL {
            let (label, words) = (label.clone(), words.clone());
            let name = format!("probes::{probe}::{label}::{}", build.name());
            suite.add(name, &["cc"], move |bench| {
                let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
                let outcome = bench.run(&preload::probe(bench, probe, words)?, &wrapper)?;
                expect(outcome.succeeded() && outcome.text() == prints, prints, &outcome)?;
                expect(outcome.stderr.is_empty(), "nothing said that was not asked for", &outcome)
            });
        }
    }
    for Row { probe, label, words, prints } in rows().into_iter().filter(is_true_without_us) {
        suite.add(format!("probes::{probe}::{label}::without_us"), &["cc"], move |bench| {
            let outcome = bench.run(&preload::probe(bench, probe, words)?.at_proxy(), &Wrapper::Nothing)?;
            expect(outcome.succeeded() && outcome.text() == prints, prints, &outcome)
        });
    }
    for build in Build::ALL {
        let name = format!("probes::invalid::same_as_without::{}", build.name());
        suite.add(name, &["cc"], move |bench| invalid_calls_fail_as_without(bench, build));
    }
}

/// A probe asserts what a host without us does; the exceptions are about what we refuse, and about names that the
/// application has for addresses of ours.
fn is_true_without_us(row: &Row) -> bool {
    !["raw", "truncated", "fast_open", "reverse", "resolvers", "fork", "system_calls", "dlsym"]
        .contains(&row.probe)
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for addressing in Addressing::ALL {
        let to = |port: u16| vec![addressing.host(), port.to_string()];
        let mut row =
            |probe, words| rows.push(Row { probe, label: addressing.label().into(), words, prints: "" });
        for probe in TO_A_LINE {
            row(probe, to(LINE));
        }
        row("greeted", to(GREETING));
        for probe in ["again", "pending"] {
            row(probe, [to(LINE), vec![CLOSED.to_string()]].concat());
        }
        for mode in ["blocking", "poll", "select", "epoll"] {
            let label = format!("{}::{mode}", addressing.label());
            let words = [to(LINE), vec![mode.into()]].concat();
            rows.push(Row { probe: "connect", label, words, prints: "connected\n" });
        }
    }
    rows.extend(RESOLVERS.iter().map(|entry| row("resolvers", entry, &[NAME, &LINE.to_string(), entry])));
    let (v4, v6, line) = (TARGET.v4.to_string(), TARGET.v6.to_string(), LINE.to_string());
    rows.extend([
        row("mapped", "ipv4", &[&v4, &line]),
        row("reverse", "name", &[NAME, &UNREACHABLE_NETWORK.v4.to_string()]),
        row("fork", "name", &[NAME, &line]),
        row("cancelled", "recv", &[NAME, &line, "recv"]),
        row("raw", "ipv4", &[&v4]),
        row("raw", "ipv6", &[&v6]),
        row("confined", "prctl", &["prctl"]),
        row("confined", "prctl_by_number", &["prctl_by_number"]),
        row("confined", "seccomp", &["seccomp"]),
        row("local", "loopback", &[]),
        row("unasked", "dlerror", &[]),
        row("dlsym", "libc", &[NAME, &v4, &line]),
        row("queries", "name", &[NAME, &line]),
        row("truncated", "name", &[NAME_LONG_TEXT]),
        row("many", "name", &[NAME, &ECHO.to_string(), "10000"]),
    ]);
    rows
}

fn row(probe: &'static str, label: &str, words: &[&str]) -> Row {
    Row { probe, label: label.into(), words: words.iter().map(|word| (*word).into()).collect(), prints: "" }
}

/// Probes that take a host and the port of the service that answers a line.
const TO_A_LINE: &[&str] = &[
    "names",
    "twice",
    "system_calls",
    "errno",
    "vfork",
    "threads",
    "copies",
    "small_stack",
    "signals",
    "options",
    "early",
    "bound",
    "closed_all",
    "fast_open",
    "namespace",
    "closed_soon",
    "asynchronous",
];

const RESOLVERS: &[&str] = &[
    "getaddrinfo",
    "getaddrinfo_inet",
    "getaddrinfo_inet6",
    "getaddrinfo_canonname",
    "getaddrinfo_addrconfig",
    "getaddrinfo_v4mapped",
    "gethostbyname",
    "gethostbyname2_inet",
    "gethostbyname2_inet6",
    "res_gethostbyname2",
    "gethostbyname_r",
    "gethostbyname2_r_inet",
    "gethostbyname2_r_inet6",
];

/// The kernel judges arguments; we do not add an opinion.
fn invalid_calls_fail_as_without(bench: &Bench<'_>, build: Build) -> Verdict {
    let probe = preload::probe(bench, "invalid", [TARGET.v4.to_string(), LINE.to_string()])?;
    let without = bench.run(&probe, &Wrapper::Nothing)?;
    let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
    let with = bench.run(&probe, &wrapper)?;
    expect(!without.stdout.is_empty() && with.stdout == without.stdout, &without.text(), &with)
}
