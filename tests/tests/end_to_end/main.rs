//! The end-to-end suite: real programs, real proxies, network namespaces.
//!
//! Names of tests read `group::program::address::proxy::build`; `cargo test -p end-to-end -- curl`
//! runs those with `curl` in the name.

mod addressing;
mod calls;
mod chains;
mod clients;
mod configuration;
mod control;
mod datagrams;
mod exec;
mod fail_over;
mod failures;
mod names;
mod parking;
mod preload;
mod probes;
mod programs;
mod reload;
mod routes;
mod rules;
mod servers;
mod sources;
mod strays;
mod suite;
mod trace;

use std::process::ExitCode;
use std::sync::Arc;

use end_to_end::pool::Pool;
use end_to_end::{artifacts, scratch};
use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if let Some(missing) = artifacts::missing().filter(|_| !arguments.list) {
        eprintln!("{missing}");
        return ExitCode::FAILURE;
    }
    scratch::remove_stale();
    let pool = Arc::new(Pool::default());
    let mut suite = suite::Suite::new(pool.clone());
    control::add(&mut suite);
    programs::add(&mut suite);
    probes::add(&mut suite);
    datagrams::add(&mut suite);
    calls::add(&mut suite);
    servers::add(&mut suite);
    clients::add(&mut suite);
    routes::add(&mut suite);
    rules::add(&mut suite);
    failures::add(&mut suite);
    chains::add(&mut suite);
    fail_over::add(&mut suite);
    parking::add(&mut suite);
    exec::add(&mut suite);
    configuration::add(&mut suite);
    names::add(&mut suite);
    reload::add(&mut suite);
    trace::add(&mut suite);
    sources::add(&mut suite);
    strays::add(&mut suite);
    let conclusion = libtest_mimic::run(&arguments, suite.finish());
    // The networks go before the process does, whose exit would leave their files behind.
    drop(pool);
    conclusion.exit_code()
}
