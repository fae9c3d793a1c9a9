//! Everything that can go wrong between us and the target: the errno the application sees, and no packet past the
//! proxy.
//!
//! The table is that of the wire protocol's error mapping in libsocksify's documentation; the proxies are
//! scripted, so that each does one thing wrong.

mod event_loops;
mod scripts;

use std::time::Duration;

use end_to_end::application::{Application, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::plan::*;
use end_to_end::proxies::{Method, Proxy, Server};
use end_to_end::script::Scripted;
use libtest_mimic::Failed;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};
use scripts::{Case, Speech};

pub(crate) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for case in scripts::cases() {
            for mode in MODES {
                let (case, name) = (case.clone(), case.name.clone());
                let name = format!("failures::scripted::{name}::{mode}::{}", build.name());
                suite.add(name, &["cc"], move |bench| scripted(bench, build, &case, mode));
            }
        }
        for (program, words) in event_loops::PROGRAMS {
            let name = format!("failures::scripted::every::{program}::{}", build.name());
            suite.add(name, &[words[0]], move |bench| event_loops::every(bench, build, words));
        }
        for (label, address, port, errno) in UNREACHABLE_PROXIES {
            for mode in MODES {
                let name = format!("failures::proxy::{label}::{mode}::{}", build.name());
                let test = move |bench: &Bench<'_>| unreachable(bench, build, (address, *port), errno, mode);
                suite.add(name, &["cc"], test);
            }
        }
        for (label, host, port, errno) in targets() {
            for server in Server::ALL {
                let host = host.clone();
                let name = format!("failures::target::{label}::{}::{}", server.program(), build.name());
                let test = move |bench: &Bench<'_>| target(bench, build, server, &host, port, errno(server));
                suite.add(name, &needs(server), test);
            }
        }
        for server in Server::ALL {
            let name = format!("failures::password::wrong::{}::{}", server.program(), build.name());
            suite.add(name, &needs(server), move |bench| wrong_password(bench, build, server));
            let name = format!("failures::password::none::{}::{}", server.program(), build.name());
            suite.add(name, &needs(server), move |bench| no_password(bench, build, server));
        }
        let name = format!("failures::scripted::good_greeting_with_reply::{}", build.name());
        suite.add(name, &["cc"], move |bench| greeting_with_reply(bench, build));
        for (probe, words, prints) in WHILE_HANGING {
            let name = format!("failures::hanging::{probe}::{}", build.name());
            suite.add(name, &["cc"], move |bench| while_hanging(bench, build, probe, words, prints));
        }
    }
}

fn needs(server: Server) -> Vec<&'static str> {
    let installed = (server != Server::Socksd).then(|| server.program());
    ["cc"].into_iter().chain(installed).collect()
}

/// How the application waits for its connect; the errno does not depend on it.
const MODES: [&str; 4] = ["blocking", "poll", "select", "epoll"];

/// The application's verdict on a connect.
fn verdict(bench: &Bench<'_>, wrapper: &Wrapper, words: &[&str], prints: &str) -> Verdict {
    let outcome = bench.run(&preload::probe(bench, "connect", words)?, wrapper)?;
    expect(outcome.succeeded() && outcome.text() == format!("{prints}\n"), prints, &outcome)
}

fn scripted(bench: &Bench<'_>, build: Build, case: &Case, mode: &str) -> Verdict {
    let proxy = Scripted::start(bench.world, case.acts.clone())?;
    let keys = match case.speech {
        Speech::Socks5 | Speech::Password => "proxyprotocol: socks_v5",
        Speech::Socks4 => "proxyprotocol: socks_v4",
        Speech::Http => "proxyprotocol: http",
    };
    let limit = limit(case.prints);
    let options = format!("debug: 1\nlogoutput: stderr\ntimeout.connect: {limit}");
    let configuration = preload::route_to(proxy.port, &options, keys);
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let (host, port) = (case.host(), LINE.to_string());
    let mut probe = preload::probe(bench, "connect", [host.as_str(), &port, mode])?;
    if case.speech == Speech::Password {
        probe = probe.env("SOCKS_USERNAME", USERNAME).env("SOCKS_PASSWORD", PASSWORD);
    }
    let outcome = bench.run(&probe, &wrapper)?;
    let expected = case.prints;
    expect(outcome.succeeded() && outcome.text() == format!("{expected}\n"), expected, &outcome)?;
    let said_so = !case.is_logged || !outcome.stderr.is_empty();
    expect(said_so, "a log line", &outcome)?;
    match proxy.requests().first() {
        Some(asked) if asked.to_string() != format!("{host}:{port}") => {
            Err(format!("the proxy was asked for {asked}").into())
        }
        _ => Ok(()),
    }
}

/// Seconds for a connect: few where it is to run out of time, else as many as a busy machine may take.
pub(crate) fn limit(outcome: &str) -> u32 {
    if outcome == "ETIMEDOUT" { 1 } else { 30 }
}

fn greeting_with_reply(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Scripted::start(bench.world, scripts::greeting())?;
    let configuration = preload::route_to(proxy.port, "", "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let outcome = bench.run(&preload::probe(bench, "greeted", [NAME, &LINE.to_string()])?, &wrapper)?;
    expect(outcome.succeeded(), "success", &outcome)
}

/// Where no proxy is, and how the application host says so.
const UNREACHABLE_PROXIES: &[(&str, &str, u16, &str)] = &[
    ("down", "10.99.1.1", CLOSED_PROXY_PORT, "ECONNREFUSED"),
    ("host_unreachable", UNREACHABLE_PROXY, 1080, "EHOSTUNREACH"),
    ("absent", ABSENT_PROXY, 1080, "ETIMEDOUT"),
];

fn unreachable(
    bench: &Bench<'_>,
    build: Build,
    (address, port): (&str, u16),
    errno: &str,
    mode: &str,
) -> Verdict {
    let limit = limit(errno);
    let configuration = format!(
        "timeout.connect: {limit}\nroute {{ from: 0/0 to: 0/0 via: {address} port = {port} proxyprotocol: socks_v5\n}}\n"
    );
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    verdict(bench, &wrapper, &[NAME, &LINE.to_string(), mode], errno)
}

type Errno = fn(Server) -> &'static str;

/// What real proxies say of targets that cannot be reached.
fn targets() -> Vec<(&'static str, String, u16, Errno)> {
    let refused: Errno = |_| "ECONNREFUSED";
    let host: Errno = |_| "EHOSTUNREACH";
    let network: Errno = |_| "ENETUNREACH";
    // microsocks knows "general failure" only, for a name that nobody knows.
    let unknown: Errno = |server| if server == Server::Microsocks { "ECONNREFUSED" } else { "EHOSTUNREACH" };
    vec![
        ("refused_name", NAME.into(), CLOSED, refused),
        ("refused_ipv4", TARGET.v4.to_string(), CLOSED, refused),
        ("refused_ipv6", TARGET.v6.to_string(), CLOSED, refused),
        ("host_unreachable_name", NAME_UNREACHABLE.into(), LINE, host),
        ("host_unreachable_ipv4", UNREACHABLE_HOST.v4.to_string(), LINE, host),
        ("host_unreachable_ipv6", UNREACHABLE_HOST.v6.to_string(), LINE, host),
        ("network_unreachable_ipv4", UNREACHABLE_NETWORK.v4.to_string(), LINE, network),
        ("network_unreachable_ipv6", UNREACHABLE_NETWORK.v6.to_string(), LINE, network),
        ("unknown_name", NAME_UNKNOWN.into(), LINE, unknown),
    ]
}

fn target(bench: &Bench<'_>, build: Build, server: Server, host: &str, port: u16, errno: &str) -> Verdict {
    let wrapper = preload::through(bench, build.library(), server.open())?;
    MODES.into_iter().try_for_each(|mode| {
        verdict(bench, &wrapper, &[host, &port.to_string(), mode], errno).map_err(|failed| {
            let log = bench.world.log(server.program());
            format!("{}\n--- {}\n{log}", failed.message().unwrap_or_default(), server.program()).into()
        })
    })
}

fn password_probe(bench: &Bench<'_>) -> Result<Application, Failed> {
    preload::probe(bench, "connect", [NAME, &LINE.to_string(), "blocking"])
}

fn wrong_password(bench: &Bench<'_>, build: Build, server: Server) -> Verdict {
    let wrapper = preload::through(bench, build.library(), server.with_password())?;
    let probe = password_probe(bench)?.env("SOCKS_USERNAME", USERNAME).env("SOCKS_PASSWORD", "guess");
    let outcome = bench.run(&probe, &wrapper)?;
    expect(outcome.text() == "EACCES\n", "EACCES", &outcome)
}

fn no_password(bench: &Bench<'_>, build: Build, server: Server) -> Verdict {
    let proxy = Proxy { server, method: Method::Password };
    let wrapper = preload::through(bench, build.library(), proxy)?;
    let outcome = bench.run(&password_probe(bench)?, &wrapper)?;
    expect(outcome.text() == "EACCES\n", "EACCES", &outcome)
}

/// What an application may do to a connect that does not end.
const WHILE_HANGING: &[(&str, &[&str], &str)] =
    &[("interrupted", &[], "EINTR\n"), ("cancelled", &["connect"], "")];

fn while_hanging(bench: &Bench<'_>, build: Build, probe: &str, words: &[&str], prints: &str) -> Verdict {
    let proxy = Scripted::start(bench.world, scripts::hanging())?;
    let configuration = preload::route_to(proxy.port, "timeout.connect: 0", "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let port = LINE.to_string();
    let probe = preload::probe(bench, probe, [&[NAME, &port], words].concat())?;
    let outcome = bench.run(&probe.deadline(Duration::from_secs(20)), &wrapper)?;
    expect(outcome.succeeded() && outcome.text() == prints, prints, &outcome)
}
