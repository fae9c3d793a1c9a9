//! Listeners that are called back at the proxy: as an application sees them, and what becomes of them if the proxy fails.

mod answers;
mod ftp;

use end_to_end::application::Wrapper;
use end_to_end::artifacts::Build;
use end_to_end::plan::{CALLER, LINE, NAME_V4, PROXY, TARGET};
use end_to_end::proxies::Server;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

/// What `probes/called.c` knows to do, and `probes/called_processes.c`.
const MODES: &[(&str, &[&str])] = &[("called", ALONE), ("called_processes", SEVERAL)];

/// In one process.
const ALONE: &[&str] = &[
    "null",
    "address",
    "flags",
    "options",
    "poll",
    "select",
    "level",
    "edge",
    "level_early",
    "edge_early",
    "three",
    "two_listeners",
    "closed",
    "shut_down",
    "replaced",
    "other_thread",
    "cancelled",
    "interrupted",
    "many",
    "one_shot",
    "hundred",
    "two_threads",
    "woken",
    "closed_in_range",
];

/// In several.
const SEVERAL: &[&str] = &["forked", "child_leaves", "parent_leaves", "vforked", "executed"];

/// The target as the application calls it, the proxy, what is spoken to it.
const WAYS: &[(&str, Server, &str)] = &[
    ("name", Server::Socksd, "socks_v5"),
    ("ipv4", Server::Socksd, "socks_v4"),
    ("ipv6", Server::Socksd, "socks_v5"),
    ("mapped", Server::Socksd, "socks_v5"),
    ("ipv4", Server::Danted, "socks_v5"),
    ("ipv4", Server::Danted, "socks_v4"),
    ("ipv6", Server::Danted, "socks_v5"),
];

/// The target is no FTP server.
const ALWAYS: &str = "bind: always";

fn host(label: &str) -> String {
    match label {
        "name" => NAME_V4.to_owned(),
        "ipv6" => TARGET.v6.to_string(),
        "mapped" => format!("::ffff:{}", TARGET.v4),
        _ => TARGET.v4.to_string(),
    }
}

pub(crate) fn add(suite: &mut Suite) {
    let modes = MODES.iter().flat_map(|(probe, modes)| modes.iter().map(move |mode| (*probe, *mode)));
    for (probe, mode) in modes {
        for build in Build::ALL {
            for &(label, server, protocol) in WAYS {
                let name =
                    format!("calls::{mode}::{label}::{}::{protocol}::{}", server.program(), build.name());
                let installed = (server != Server::Socksd).then(|| server.program());
                let needs: Vec<_> = ["cc"].into_iter().chain(installed).collect();
                suite.add(name, &needs, move |bench| {
                    bench.world.start(server.open())?;
                    let keys = format!("proxyprotocol: {protocol}");
                    let configuration = preload::route_to(server.open().port(), ALWAYS, &keys);
                    let wrapper = preload::with(bench, build.library(), &configuration)?;
                    called(bench, label, (probe, mode), &wrapper, false)
                });
            }
        }
        suite.add(format!("calls::{mode}::ipv4::without_us"), &["cc"], move |bench| {
            called(bench, "ipv4", (probe, mode), &Wrapper::Nothing, true)
        });
    }
    for build in Build::ALL {
        suite.add(format!("calls::by_ipv6::{}", build.name()), &["cc"], move |bench| by_ipv6(bench, build));
        for &row in HERE {
            let name = format!("calls::{}::{}::{}", row.0, row.1, build.name());
            suite.add(name, &["cc"], move |bench| here(bench, build, row));
        }
    }
    answers::add(suite);
    ftp::add(suite);
}

/// Who listens for himself is not disturbed, nor is who waits for a call.
const HERE: &[(&str, &str, u16, &str)] = &[
    ("listens_here", "ipv4", CALLER, ""),
    ("listens_here", "ipv6", LINE, ""),
    ("strangers", "ipv4", CALLER, ALWAYS),
];

/// An IPv4 listener, and a proxy that has an IPv6 address only.
fn by_ipv6(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let url = format!("socks5://[{}]:{}", PROXY.v6, proxy.port());
    let wrapper = Wrapper::Command { build, urls: vec![url] };
    let probe = preload::probe(bench, "called", [&host("ipv4"), &CALLER.to_string(), "address"])?;
    let outcome = bench.run(&probe.env("SOCKSIFY_BIND", "always"), &wrapper)?;
    expect(outcome.succeeded(), "success", &outcome)
}

fn here(bench: &Bench<'_>, build: Build, (probe, label, port, options): (&str, &str, u16, &str)) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let configuration = preload::route_to(proxy.port(), options, "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let outcome = bench.run(&preload::probe(bench, probe, [host(label), port.to_string()])?, &wrapper)?;
    expect(outcome.succeeded(), "success", &outcome)
}

fn called(
    bench: &Bench<'_>,
    label: &str,
    (probe, mode): (&str, &str),
    wrapper: &Wrapper,
    at_proxy: bool,
) -> Verdict {
    let probe = preload::probe(bench, probe, [host(label), CALLER.to_string(), mode.to_owned()])?;
    let probe = if at_proxy { probe.at_proxy() } else { probe };
    let outcome = bench.run(&probe, wrapper)?;
    expect(outcome.succeeded(), "success", &outcome)
}
