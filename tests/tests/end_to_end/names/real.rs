//! Ways of resolving remote names to their real addresses, which are then connected to through the proxy.

use end_to_end::application::{Application, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::plan::{
    LINE, NAME, NAME_LONG_TEXT, NAME_UNKNOWN, NAME_V4, NAME_V6, TARGET, UNREACHABLE_NETWORK,
};
use end_to_end::proxies::{Proxy, Server};
use end_to_end::script::{Act, Scripted};
use libtest_mimic::Failed;
use socks_proto::{Address, Command};

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        let mut add = |name: &str, test: fn(&Bench<'_>, Build) -> Verdict| {
            let name = format!("names::real::{name}::{}", build.name());
            suite.add(name, &["cc"], move |bench| test(bench, build));
        };
        add("tcp::addresses", |bench, build| addresses(bench, build, "resolveprotocol: tcp"));
        add("tcp::connections", |bench, build| connections(bench, build, "resolveprotocol: tcp"));
        add("tcp::no_server", no_server);
        add("udp::addresses", |bench, build| addresses(bench, build, "resolveprotocol: udp"));
        add("udp::connections", |bench, build| connections(bench, build, "resolveprotocol: udp"));
        add("udp::truncated", truncated);
        add("udp::no_udp", |bench, build| {
            addresses_through(bench, build, "resolveprotocol: udp", Server::Microsocks.open())
        });
        add("tor::resolve", resolve);
        add("tor::resolve_ptr", resolve_ptr);
        add("tor::refused", refused);
        for options in ["resolveprotocol: tcp", "resolveprotocol: udp"] {
            let way = options.rsplit(' ').next().unwrap_or_default();
            let name = format!("names::real::{way}::own_resolver::{}", build.name());
            suite.add(name, &["dig"], move |bench| own_resolver(bench, build, options));
        }
    }
}

fn through(bench: &Bench<'_>, build: Build, options: &str) -> Result<Wrapper, Failed> {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let configuration = preload::route_to(proxy.port(), options, "proxyprotocol: socks_v5");
    preload::with(bench, build.library(), &configuration)
}

fn addresses(bench: &Bench<'_>, build: Build, options: &str) -> Verdict {
    addresses_through(bench, build, options, Server::Socksd.open())
}

fn addresses_through(bench: &Bench<'_>, build: Build, options: &str, proxy: Proxy) -> Verdict {
    bench.world.start(proxy)?;
    let configuration = preload::route_to(proxy.port(), options, "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let (v4, v6, unknown) = (TARGET.v4, TARGET.v6, UNREACHABLE_NETWORK.v4);
    let expected = format!(
        "{NAME} {v4} {v6}; {v4}; {v6}; {v6}; {v4}; {v6}\n\
         {NAME_V4} {v4}; {v4}; (-5); ::ffff:{v4}; {v4}; (4)\n\
         {NAME_V6} {v6}; (-5); {v6}; {v6}; (4); {v6}\n\
         {NAME_UNKNOWN} (-2); (-2); (-2); (-2); (1); (1)\n\
         {v4} {NAME} {NAME}\n\
         {v6} {NAME} {NAME}\n\
         {unknown} (-3) (2)\n"
    );
    let words =
        [NAME, NAME_V4, NAME_V6, NAME_UNKNOWN, &v4.to_string(), &v6.to_string(), &unknown.to_string()];
    let outcome = bench.run(&preload::probe(bench, "asked", words)?, &wrapper)?;
    expect(outcome.succeeded() && outcome.text() == expected, &expected, &outcome)
}

fn connections(bench: &Bench<'_>, build: Build, options: &str) -> Verdict {
    let wrapper = through(bench, build, options)?;
    for entry in
        ["getaddrinfo", "getaddrinfo_inet", "getaddrinfo_inet6", "getaddrinfo_v4mapped", "gethostbyname_r"]
    {
        let outcome =
            bench.run(&preload::probe(bench, "resolvers", [NAME, &LINE.to_string(), entry])?, &wrapper)?;
        expect(outcome.succeeded(), "the target's answer", &outcome)?;
    }
    let small = bench.run(&preload::probe(bench, "small_stack", [NAME, &LINE.to_string()])?, &wrapper)?;
    expect(small.succeeded(), "the target's answer on a small stack", &small)
}

/// Nobody to ask: an error that is final, and no packet past the proxy.
fn no_server(bench: &Bench<'_>, build: Build) -> Verdict {
    let wrapper = through(bench, build, "resolveprotocol: tcp\nnameserver: 127.0.0.1:9")?;
    let outcome = bench.run(&preload::probe(bench, "asked", [NAME])?, &wrapper)?;
    let expected = format!("{NAME} (-3); (-3); (-3); (-3); (2); (2)\n");
    expect(outcome.text() == expected, &expected, &outcome)
}

/// An answer too long for a datagram is asked for again, by TCP.
fn truncated(bench: &Bench<'_>, build: Build) -> Verdict {
    let wrapper = through(bench, build, "resolveprotocol: udp")?;
    let outcome = bench.run(&preload::probe(bench, "sent", [NAME_LONG_TEXT, "TXT"])?, &wrapper)?;
    let expected = "code 0, 1 records\ntype 16, 5856 bytes\n".repeat(2);
    expect(outcome.succeeded() && outcome.text() == expected, &expected, &outcome)
}

/// A proxy that answers questions about names as Tor does: with one reply, and then the end.
fn tor(
    bench: &Bench<'_>,
    build: Build,
    reply: &[u8],
    probe: &str,
    words: &[&str],
    expected: &str,
) -> Result<Scripted, Failed> {
    let acts =
        vec![Act::Greeting, Act::Send(vec![5, 0]), Act::Request, Act::Send(reply.to_vec()), Act::Close];
    let proxy = Scripted::start(bench.world, acts)?;
    let configuration = preload::route_to(proxy.port, "resolveprotocol: tor", "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let outcome = bench.run(&preload::probe(bench, probe, words.iter().copied())?, &wrapper)?;
    expect(outcome.succeeded() && outcome.text() == expected, expected, &outcome)?;
    Ok(proxy)
}

fn expect_commands(proxy: &Scripted, command: Command, target: &str) -> Verdict {
    let commands = proxy.commands();
    let is_right = |(asked, address): &(Option<Command>, Address)| {
        *asked == Some(command) && address.to_string() == target
    };
    if !commands.is_empty() && commands.iter().all(is_right) {
        return Ok(());
    }
    Err(format!("the proxy was asked {commands:?}").into())
}

const NAME_AT_TOR: &str = "Duckling.onion";

fn resolve(bench: &Bench<'_>, build: Build) -> Verdict {
    let (reply, ip) = ([5, 0, 0, 1, 192, 0, 2, 7, 0, 0], "192.0.2.7");
    let all = format!("{NAME_AT_TOR} {ip}; {ip}; (-5); ::ffff:{ip}; {ip}; (4)\n");
    let proxy = tor(bench, build, &reply, "asked", &[NAME_AT_TOR], &all)?;
    expect_commands(&proxy, Command::Resolve, &format!("{NAME_AT_TOR}:0"))?;
    for (kind, answer) in
        [("A", format!("code 0, 1 records\nA {ip}\n")), ("AAAA", "code 0, 0 records\n".into())]
    {
        tor(bench, build, &reply, "sent", &[NAME_AT_TOR, kind], &answer.repeat(2))?;
    }
    Ok(())
}

fn resolve_ptr(bench: &Bench<'_>, build: Build) -> Verdict {
    let mut reply = vec![5, 0, 0, 3, 14];
    reply.extend(NAME_AT_TOR.bytes());
    reply.extend([0, 0]);
    let expected = format!("192.0.2.7 {NAME_AT_TOR} {NAME_AT_TOR}\n");
    let proxy = tor(bench, build, &reply, "asked", &["192.0.2.7"], &expected)?;
    expect_commands(&proxy, Command::ResolvePtr, "192.0.2.7:0")
}

/// "Host unreachable" is how Tor says that there is no such name.
fn refused(bench: &Bench<'_>, build: Build) -> Verdict {
    for (rep, code, h_errno) in [(4, -2, 1), (1, -4, 3), (6, -3, 2), (7, -4, 3)] {
        // Of what may be different later, getnameinfo(3) says so; of all else, that there is no name.
        let reverse = if h_errno == 2 { -3 } else { -2 };
        let expected = format!(
            "{NAME_AT_TOR} ({code}); ({code}); ({code}); ({code}); ({h_errno}); ({h_errno})\n192.0.2.7 ({reverse}) ({h_errno})\n"
        );
        let reply = [5, rep, 0, 1, 0, 0, 0, 0, 0, 0];
        tor(bench, build, &reply, "asked", &[NAME_AT_TOR, "192.0.2.7"], &expected)?;
    }
    Ok(())
}

/// A program that asks name servers itself finds the real addresses, too.
fn own_resolver(bench: &Bench<'_>, build: Build, options: &str) -> Verdict {
    let wrapper = through(bench, build, options)?;
    let expected = format!("{}\n{}\n", TARGET.v4, TARGET.v6);
    for transport in ["+notcp", "+tcp"] {
        let words = ["dig", "+short", transport, NAME, "A", NAME, "AAAA"];
        let outcome = bench.run(&Application::new(words), &wrapper)?;
        expect(outcome.text() == expected, &expected, &outcome)?;
    }
    Ok(())
}
