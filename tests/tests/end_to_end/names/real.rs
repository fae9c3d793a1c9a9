//! Ways of resolving remote names to their real addresses, which are then connected to through the proxy.

use end_to_end::artifacts::Build;
use end_to_end::plan::{LINE, NAME, NAME_UNKNOWN, NAME_V4, NAME_V6, TARGET, UNREACHABLE_NETWORK};
use end_to_end::proxies::Server;

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
    }
}

fn through(
    bench: &Bench<'_>,
    build: Build,
    options: &str,
) -> Result<end_to_end::application::Wrapper, libtest_mimic::Failed> {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let configuration = preload::route_to(proxy.port(), options, "proxyprotocol: socks_v5");
    preload::with(bench, build.library(), &configuration)
}

fn addresses(bench: &Bench<'_>, build: Build, options: &str) -> Verdict {
    let wrapper = through(bench, build, options)?;
    let (v4, v6, unknown) = (TARGET.v4, TARGET.v6, UNREACHABLE_NETWORK.v4);
    let expected = format!(
        "{NAME} {v4} {v6}; {v4}; {v6}; {v6}; {v4}; {v6}\n\
         {NAME_V4} {v4}; {v4}; (-5); ::ffff:{v4}; {v4}; (4)\n\
         {NAME_V6} {v6}; (-5); {v6}; {v6}; (4); {v6}\n\
         {NAME_UNKNOWN} (-2); (-2); (-2); (-2); (1); (1)\n\
         {v4} {NAME} {NAME}\n\
         {v6} {NAME} {NAME}\n\
         {unknown} (-2) (2)\n"
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
