//! Every call on datagram sockets, told by a probe in words, which have to be those it says where no proxy is in between.

use end_to_end::application::{Outcome, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::plan::{ECHO, NAME_V4, TARGET};

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

/// Probes that tell what they do.
const PROBES: &[&str] = &["sends", "receives", "options", "segments", "waits"];

/// The target in every form that an application has for it.
const FORMS: &[&str] = &["name", "ipv4", "ipv6", "mapped"];

fn host(form: &str) -> String {
    match form {
        "name" => NAME_V4.to_owned(),
        "ipv6" => TARGET.v6.to_string(),
        "mapped" => format!("::ffff:{}", TARGET.v4),
        _ => TARGET.v4.to_string(),
    }
}

pub(super) fn add(suite: &mut Suite) {
    for probe in PROBES {
        for form in FORMS {
            for build in Build::ALL {
                for server in super::CARRIERS {
                    let name =
                        format!("datagrams::told_{probe}::{form}::{}::{}", server.program(), build.name());
                    suite.add(name, &super::needs(server), move |bench| {
                        let wrapper = preload::through(bench, build.library(), server.open())?;
                        same_words(bench, &format!("told_{probe}"), host(form), &wrapper)
                    });
                }
            }
        }
    }
}

fn same_words(bench: &Bench<'_>, probe: &str, host: String, wrapper: &Wrapper) -> Verdict {
    let probe = preload::probe(bench, probe, [host, ECHO.to_string()])?;
    let plain = bench.run(&probe.clone().at_proxy(), &Wrapper::Nothing)?;
    expect(plain.succeeded(), "success without us", &plain)?;
    let ours = bench.run(&probe, wrapper)?;
    if plain.stdout == ours.stdout && ours.succeeded() {
        return Ok(());
    }
    Err(difference(&plain.text(), &ours).into())
}

/// The first line that differs, after those before it.
fn difference(plain: &str, ours: &Outcome) -> String {
    let told = ours.text();
    let same = plain.lines().zip(told.lines()).take_while(|(one, other)| one == other).count();
    let said = |text: &str| text.lines().nth(same).unwrap_or("nothing more").to_owned();
    let before: Vec<_> = plain.lines().take(same).skip(same.saturating_sub(6)).collect();
    let (before, plain, told) = (before.join("\n"), said(plain), said(&told));
    let (status, stderr) = (ours.status, &ours.stderr);
    format!("line {}:\n{before}\nwithout us: {plain}\nwith us:    {told}\n{status:?}\n{stderr}", same + 1)
}
