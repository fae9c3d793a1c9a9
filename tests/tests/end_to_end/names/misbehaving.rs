//! Name servers that answer wrongly: what is no answer counts as none, and the next server is asked; nothing that comes ends the
//! application.

use end_to_end::artifacts::Build;
use end_to_end::misbehaving::{MISBEHAVIOURS, Misbehaviour};
use end_to_end::plan::*;
use end_to_end::proxies::Server;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for misbehaviour in MISBEHAVIOURS {
            let name =
                |kind: &str| format!("names::misbehaving::{kind}::{}::{}", misbehaviour.label, build.name());
            suite.add(name("alone"), &["cc"], move |bench| alone(bench, build, misbehaviour));
            if !misbehaviour.is_an_answer {
                suite
                    .add(name("before_a_good_one"), &["cc"], move |bench| before(bench, build, misbehaviour));
            }
        }
    }
}

fn alone(bench: &Bench<'_>, build: Build, misbehaviour: &Misbehaviour) -> Verdict {
    let outcome = ask(bench, build, &format!("{}:{}", TARGET.v4, misbehaviour.port))?;
    let lives = outcome.status.is_some_and(|status| status.code().is_some());
    // SERVFAIL is our word for it, REFUSED the server's.
    let failures = [2, 5].map(|code| format!("code {code}, 0 records\n").repeat(2));
    let is_as_said = misbehaviour.is_an_answer || failures.contains(&outcome.text());
    expect(lives && is_as_said, "an application that lives, and is told of the failure", &outcome)
}

fn before(bench: &Bench<'_>, build: Build, misbehaviour: &Misbehaviour) -> Verdict {
    let outcome = ask(bench, build, &format!("{}:{} {}", TARGET.v4, misbehaviour.port, TARGET.v4))?;
    let answer = format!("code 0, 1 records\nMX {MX_PREFERENCE} {NAME_V4}\n").repeat(2);
    expect(outcome.text() == answer, &answer, &outcome)
}

fn ask(
    bench: &Bench<'_>,
    build: Build,
    servers: &str,
) -> Result<end_to_end::application::Outcome, libtest_mimic::Failed> {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let options = format!("nameserver: {servers}");
    let configuration = preload::route_to(proxy.port(), &options, "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    bench.run(&preload::probe(bench, "sent", [DOMAIN, "MX"])?, &wrapper)
}
