//! Every way of sending, one after the other, in a process, its threads, its signal handlers and its children of both kinds:
//! whatever becomes of the calls, nothing leaves past the proxy. Neither does it where a bug of ours makes a hook panic, the
//! proxy is down, the configuration is broken, or the process runs short of what we need.

use std::time::Duration;

use end_to_end::application::{Application, Wrapper};
use end_to_end::artifacts::{self, Build};
use end_to_end::plan::{CLOSED_PROXY_PORT, NAME, PROXY, RESOLVER, TARGET};
use end_to_end::proxies::Server;
use libtest_mimic::Failed;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

/// Hooks by which something may leave, and those they depend on.
const PANICKING: &[&str] = &[
    "socket",
    "connect",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "send",
    "write",
    "writev",
    "pwritev2",
    "sendfile",
    "splice",
    "bind",
    "listen",
    "accept",
    "close",
    "dup",
    "fcntl",
    "poll",
    "epoll_ctl",
    "setsockopt",
    "getsockopt",
    "getaddrinfo",
    "getaddrinfo_a",
    "gethostbyname",
    "gethostbyname2",
    "gethostbyaddr",
    "getnameinfo",
    "getnetbyname",
    "gethostid",
    "res_query",
    "res_search",
    "res_nsend",
];

/// What the process runs short of, as the probe has it. Sandboxes forbid system calls.
const SHORTAGES: &[&str] = &[
    "descriptors:0",
    "descriptors:1",
    "descriptors:2",
    "descriptors:3",
    "memory",
    "call:bind",
    "call:clone3",
    "call:eventfd2",
    "call:fcntl",
    "call:getpeername",
    "call:getsockname",
    "call:getsockopt",
    "call:openat",
    "call:recvfrom",
    "call:sendmsg",
    "call:sendto",
    "call:setsockopt",
];

/// Configurations that cannot be used: not there, no file, nothing in it, not understood.
const BROKEN: &[(&str, Option<&str>)] =
    &[("absent", None), ("empty", Some("")), ("garbage", Some("route {\n from: 0/0 to:\n"))];

pub(crate) fn add(suite: &mut Suite) {
    suite.add_unchecked("strays::control".to_owned(), &["cc"], leak_without_us);
    for symbol in PANICKING {
        suite.add(format!("strays::panic::{symbol}"), &["cc"], move |bench| {
            let wrapper = preload::through(bench, artifacts::injected(), Server::Socksd.open())?;
            stay(bench, &wrapper, &probe(bench, None)?.env("SOCKSIFY_INJECT_PANIC", *symbol))
        });
    }
    for build in Build::ALL {
        for server in Server::ALL {
            let name = format!("strays::proxy::{}::{}", server.program(), build.name());
            let installed = (server != Server::Socksd).then(|| server.program());
            let needs: Vec<_> = ["cc"].into_iter().chain(installed).collect();
            suite.add(name, &needs, move |bench| {
                stay(bench, &preload::through(bench, build.library(), server.open())?, &probe(bench, None)?)
            });
        }
        suite.add(format!("strays::proxy::down::{}", build.name()), &["cc"], move |bench| {
            let configuration = preload::route_to(CLOSED_PROXY_PORT, "", "proxyprotocol: socks_v5");
            let wrapper = preload::with(bench, build.library(), &configuration)?;
            stay(bench, &wrapper, &probe(bench, None)?)
        });
        for (flaw, content) in BROKEN {
            suite.add(format!("strays::broken::{flaw}::{}", build.name()), &["cc"], move |bench| {
                let absent = bench.scratch.path().join("absent");
                let file = content.map(|content| bench.scratch.write("socks.conf", content)).transpose()?;
                let configuration = Some(file.unwrap_or(absent));
                let wrapper = Wrapper::Preload { library: build.library(), configuration };
                stay(bench, &wrapper, &probe(bench, None)?)
            });
        }
        for shortage in SHORTAGES {
            let name = format!("strays::short_of::{}::{}", shortage.replace(':', "_"), build.name());
            suite.add(name, &["cc"], move |bench| {
                let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
                stay(bench, &wrapper, &probe(bench, Some(shortage))?)
            });
        }
    }
}

fn probe(bench: &Bench<'_>, shortage: Option<&str>) -> Result<Application, Failed> {
    let (v4, v6, resolver) = (TARGET.v4.to_string(), TARGET.v6.to_string(), RESOLVER.to_string());
    let words = [v4, v6, NAME.to_owned(), resolver, PROXY.v4.to_string()];
    Ok(preload::probe(bench, "strays", words)?.args(shortage))
}

/// Comes to its end, and nothing leaves, which the suite sees to.
fn stay(bench: &Bench<'_>, wrapper: &Wrapper, probe: &Application) -> Verdict {
    let outcome = bench.run(probe, wrapper)?;
    expect(outcome.succeeded() && outcome.text() == "alive\n", "alive", &outcome)
}

/// The probe without us leaks in every way that can be counted: what it tries is what a program could do. It would wait for
/// answers that never come, so it is not awaited.
fn leak_without_us(bench: &Bench<'_>) -> Verdict {
    bench.run(&probe(bench, None)?.deadline(Duration::from_secs(10)), &Wrapper::Nothing)?;
    let leaks = bench.world.leaks()?;
    let counts = [leaks.tcp4, leaks.udp4, leaks.tcp6, leaks.udp6, leaks.other, leaks.frames, leaks.loopback];
    let all = counts.iter().all(|count| *count > 0) && !leaks.asked.is_empty();
    if all { Ok(()) } else { Err(format!("a leak was not counted: {leaks}").into()) }
}
