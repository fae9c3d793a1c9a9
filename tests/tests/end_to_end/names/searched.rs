//! Names with their real addresses, as resolv.conf(5) and the environment have them looked up: short for a name in one of several
//! domains, in libc's order, with libc's codes for what a name server cannot say.

use end_to_end::application::{Application, Outcome};
use end_to_end::artifacts::Build;
use end_to_end::misbehaving::{ANSWERED, NO_EDNS, REFUSED};
use end_to_end::plan::*;
use end_to_end::proxies::Server;
use libtest_mimic::Failed;

use super::{configured, expect_same, plain};
use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for protocol in ["tcp", "udp"] {
            for wish in WISHES {
                let name = format!("names::searched::{}::{protocol}::{}", wish.label, build.name());
                suite.add(name, &["cc"], move |bench| as_libc_searches(bench, build, protocol, wish));
            }
        }
        let mut add = |name: &str, test: fn(&Bench<'_>, Build) -> Verdict| {
            let name = format!("names::searched::{name}::{}", build.name());
            suite.add(name, &["cc"], move |bench| test(bench, build));
        };
        add("order", order);
        add("refused", refused);
        add("without_edns", without_edns);
    }
}

/// What resolv.conf(5) says, or the environment, and names that it makes whole.
struct Wish {
    label: &'static str,
    file: &'static str,
    environment: &'static [(&'static str, &'static str)],
    short: &'static [&'static str],
}

const WISHES: &[Wish] = &[
    Wish {
        label: "search",
        file: "search nowhere.test target.test",
        environment: &[],
        short: &["www", "alias"],
    },
    Wish { label: "domain", file: "domain target.test", environment: &[], short: &["alias", "www"] },
    Wish {
        label: "ndots",
        file: "search test\noptions ndots:2",
        environment: &[],
        short: &["www.target", "alias.target"],
    },
    Wish {
        label: "environment",
        file: "",
        environment: &[("LOCALDOMAIN", "test target.test"), ("RES_OPTIONS", "ndots:3")],
        short: &["www", "alias.target"],
    },
];

/// Short and long for names that the name server knows, and some it does not.
const NAMES: &[&str] =
    &["v4", "v6", "alias", "missing", "v4.", "v6.target.test", "target.test", "www.target.test."];

fn as_libc_searches(bench: &Bench<'_>, build: Build, protocol: &str, wish: &Wish) -> Verdict {
    for (kind, names) in [("codes", NAMES), ("codes", wish.short), ("gethostbyname", wish.short)] {
        let probe = preload::probe(bench, "lookups", [kind].iter().chain(names).copied())?;
        let probe = wish.environment.iter().fold(probe, |probe, (name, value)| probe.env(*name, *value));
        let probe = configured(bench, &probe, wish.file)?;
        let without = plain(bench, &probe.clone().at_proxy())?;
        expect_same(
            &without,
            &through_socksd(bench, build, &probe, &format!("resolveprotocol: {protocol}"))?,
        )?;
    }
    Ok(())
}

/// A short name has its long one, and its addresses in the order in which libc would try them on this host.
fn order(bench: &Bench<'_>, build: Build) -> Verdict {
    let [v4, v6] = TARGET.each();
    let probe = preload::probe(bench, "lookups", ["getaddrinfo", "www"])?;
    let hosts = bench.scratch.write("hosts", format!("{v4} {NAME} www\n{v6} {NAME} www\n"))?;
    let without = plain(bench, &probe.clone().seeing(hosts, "/etc/hosts"))?;
    let probe = configured(bench, &probe, &format!("search {DOMAIN}"))?;
    expect_same(&without, &through_socksd(bench, build, &probe, "resolveprotocol: tcp")?)
}

/// Who is refused may ask again, says libc.
fn refused(bench: &Bench<'_>, build: Build) -> Verdict {
    let options = format!("resolveprotocol: tcp\nnameserver: {}:{REFUSED}", TARGET.v4);
    let probe = preload::probe(bench, "lookups", ["codes", NAME])?;
    let outcome = through_socksd(bench, build, &probe, &options)?;
    let expected = format!("{} bytes: -3 -3 2 2\n", NAME.len());
    expect(outcome.text() == expected, &expected, &outcome)?;
    let probe = preload::probe(bench, "lookups", ["getnameinfo", &TARGET.v4.to_string()])?;
    let outcome = through_socksd(bench, build, &probe, &options)?;
    let found = outcome.text();
    let mut with_name = found.lines().filter(|line| line.contains("flags 0x8 sizes 1025"));
    let is_told = with_name.next().is_some() && with_name.all(|line| line.ends_with(": -3"));
    expect(is_told, "EAI_AGAIN where a name is required", &outcome)
}

/// A name server that does not understand EDNS is asked without.
fn without_edns(bench: &Bench<'_>, build: Build) -> Verdict {
    let options = format!("resolveprotocol: tcp\nnameserver: {}:{NO_EDNS}", TARGET.v4);
    let probe = preload::probe(bench, "lookups", ["gethostbyname", NAME])?;
    let outcome = through_socksd(bench, build, &probe, &options)?;
    let expected = format!("gethostbyname {NAME}: h_errno 0 {NAME} 2(4) {ANSWERED}\n");
    expect(outcome.text().starts_with(&expected), &expected, &outcome)
}

fn through_socksd(
    bench: &Bench<'_>,
    build: Build,
    probe: &Application,
    options: &str,
) -> Result<Outcome, Failed> {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let configuration = preload::route_to(proxy.port(), options, "proxyprotocol: socks_v5");
    bench.run(probe, &preload::with(bench, build.library(), &configuration)?)
}
