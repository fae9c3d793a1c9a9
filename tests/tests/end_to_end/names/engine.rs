//! DNS queries that an application makes itself and has libc send: stand-ins for the addresses of remote names, the name server
//! behind the proxy for the rest.

use end_to_end::application::Outcome;
use end_to_end::artifacts::Build;
use end_to_end::plan::{
    DOMAIN, MX_PREFERENCE, NAME, NAME_DIRECT, NAME_LONG_TEXT, NAME_UNKNOWN, NAME_V4, PROXY, RESOLVER, TARGET,
};
use end_to_end::proxies::Server;
use libtest_mimic::Failed;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

/// A name, a type of record, and what the answer is.
type Question = (&'static str, &'static str, String);

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        let mut row = |label: &str, options: String, questions: fn() -> Vec<Question>| {
            let name = format!("names::engine::{label}::{}", build.name());
            suite.add(name, &["cc"], move |bench| are_answered(bench, build, &options, &questions()));
        };
        row("server_of_resolv_conf", String::new(), every_question);
        row("server_of_the_configuration", format!("nameserver: {}", TARGET.v6), every_question);
        row("next_server", format!("nameserver: 10.99.1.77 127.0.0.1:9 {RESOLVER}"), mail_alone);
        row("no_server", "nameserver: 127.0.0.1:9".into(), without_a_server);
        let name = format!("names::engine::direct_routes::{}", build.name());
        suite.add_unchecked(name, &["cc"], move |bench| direct_routes(bench, build));
    }
}

fn every_question() -> Vec<Question> {
    let mx = format!("code 0, 1 records\nMX {MX_PREFERENCE} {NAME_V4}\n");
    vec![
        (NAME, "A", "code 0, 1 records\nA 198.18.0.1\n".into()),
        (NAME, "AAAA", "code 0, 1 records\nAAAA fd00:736f:636b:7369::1\n".into()),
        (NAME, "PTR", format!("code 0, 1 records\nPTR {NAME}\n")),
        ("localhost", "A", "code 0, 1 records\nA 127.0.0.1\n".into()),
        ("localhost", "MX", "code 0, 0 records\n".into()),
        (DOMAIN, "AXFR", "code 4, 0 records\n".into()),
        (DOMAIN, "MX", mx),
        (NAME_LONG_TEXT, "TXT", "code 0, 1 records\ntype 16, 5856 bytes\n".into()),
        (NAME_UNKNOWN, "TXT", "code 3, 0 records\n".into()),
    ]
}

fn mail_alone() -> Vec<Question> {
    every_question().into_iter().filter(|(_, kind, _)| *kind == "MX").collect()
}

/// What needs no name server is answered all the same.
fn without_a_server() -> Vec<Question> {
    let mut questions = every_question();
    questions.retain(|(_, kind, _)| ["A", "AAAA", "PTR"].contains(kind));
    questions.push((DOMAIN, "MX", "code 2, 0 records\n".into()));
    questions
}

fn are_answered(bench: &Bench<'_>, build: Build, options: &str, questions: &[Question]) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let configuration = preload::route_to(proxy.port(), options, "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    for (name, kind, answer) in questions {
        let outcome = bench.run(&preload::probe(bench, "sent", [*name, *kind])?, &wrapper)?;
        // Once by res_send, once by res_nsend.
        expect(outcome.succeeded() && outcome.text() == answer.repeat(2), answer, &outcome)?;
    }
    Ok(())
}

/// A name server on the link, to which a route is direct, hears of the names with a direct route alone: unless the
/// configuration names it.
fn direct_routes(bench: &Bench<'_>, build: Build) -> Verdict {
    let mail = ask_on_the_link(bench, build, "", [DOMAIN, "MX"])?;
    expect(mail.text() == "code 2, 0 records\n".repeat(2), "SERVFAIL", &mail)?;
    let leaks = bench.world.leaks()?;
    expect(leaks.is_empty(), &format!("no question, not {leaks}"), &mail)?;
    let direct = ask_on_the_link(bench, build, "", [NAME_DIRECT, "A"])?;
    let leaks = bench.world.leaks()?;
    let is_found = direct.text().starts_with("code 0, 1 records\nA ");
    expect(is_found && leaks.udp4 > 0, &format!("an address, and questions, not {leaks}"), &direct)?;
    let named = ask_on_the_link(bench, build, &format!("nameserver: {}", PROXY.v4), [DOMAIN, "MX"])?;
    let leaks = bench.world.leaks()?;
    expect(leaks.tcp4 > 0 && leaks.udp4 == 0, &format!("questions by TCP, not {leaks}"), &named)
}

fn ask_on_the_link(
    bench: &Bench<'_>,
    build: Build,
    options: &str,
    words: [&str; 2],
) -> Result<Outcome, Failed> {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let direct = |to: &str| format!("route {{ from: 0/0 to: {to} via: direct\n}}\n");
    let routes = direct(".link.test") + &direct(&format!("{}/32", PROXY.v4));
    let configuration =
        format!("{options}\n{routes}{}", preload::route_to(proxy.port(), "", "proxyprotocol: socks_v5"));
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let file = bench.scratch.write("resolv.conf", format!("nameserver {}\n", PROXY.v4))?;
    bench.run(&preload::probe(bench, "sent", words)?.seeing(file, "/etc/resolv.conf"), &wrapper)
}
