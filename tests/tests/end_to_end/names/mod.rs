//! Names: what libc answers for those this machine knows, and how remote ones are looked up without a packet past the
//! proxy.

mod daemons;
mod engine;
mod local;
mod misbehaving;
mod modes;
mod own;
mod programs;
mod queries;
mod real;
mod remote;
mod resolved;
mod searched;
mod sockets;
mod spelling;
mod symbols;
mod table;
mod tor;

use end_to_end::application::{Application, Outcome, Wrapper};
use end_to_end::plan::RESOLVER;
use libtest_mimic::Failed;

use crate::suite::{Bench, Suite, Verdict, expect};

pub(crate) fn add(suite: &mut Suite) {
    daemons::add(suite);
    engine::add(suite);
    local::add(suite);
    misbehaving::add(suite);
    modes::add(suite);
    own::add(suite);
    programs::add(suite);
    queries::add(suite);
    real::add(suite);
    remote::add(suite);
    resolved::add(suite);
    searched::add(suite);
    sockets::add(suite);
    spelling::add(suite);
    symbols::add(suite);
    table::add(suite);
    tor::add(suite);
}

/// Runs an application without us on the application host; what it asks daemons or name servers is its own business.
fn plain(bench: &Bench<'_>, application: &Application) -> Result<Outcome, Failed> {
    let outcome = bench.run(application, &Wrapper::Nothing)?;
    bench.world.leaks()?;
    Ok(outcome)
}

/// Runs an application without us on the proxy host, which reaches the name server.
fn where_it_can_be_asked(bench: &Bench<'_>, application: &Application) -> Result<Outcome, Failed> {
    let application = configured(bench, application, "")?;
    let outcome = plain(bench, &application.at_proxy())?;
    expect(outcome.succeeded(), "answers of the name server", &outcome)?;
    Ok(outcome)
}

/// The application with the name server of the target host, and more, in its resolv.conf(5).
fn configured(bench: &Bench<'_>, application: &Application, more: &str) -> Result<Application, Failed> {
    let file = bench.scratch.write("resolv.conf", format!("nameserver {RESOLVER}\n{more}\n"))?;
    Ok(application.clone().seeing(file, "/etc/resolv.conf"))
}

/// Fails with the first lines that one output has and the other has not.
fn expect_same(expected: &Outcome, found: &Outcome) -> Verdict {
    if expected.stdout == found.stdout && expected.status == found.status {
        return Ok(());
    }
    let (without, with) = (expected.text(), found.text());
    let missing = surplus(&without, &with).map(|line| format!("- {line}\n"));
    let added = surplus(&with, &without).map(|line| format!("+ {line}\n"));
    let differences: String = missing.take(20).chain(added.take(20)).collect();
    let (status, other) = (expected.status, found.status);
    Err(format!("without us (-, {status:?}) and with us (+, {other:?}):\n{differences}{}", found.stderr)
        .into())
}

/// The lines of one text that another one has not.
fn surplus<'a>(text: &'a str, other: &'a str) -> impl Iterator<Item = &'a str> {
    let known: std::collections::HashSet<_> = other.lines().collect();
    text.lines().filter(move |line| !known.contains(line))
}
