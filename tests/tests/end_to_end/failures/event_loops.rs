//! Every script at once, in one program: the target's port says which proxy a connect goes to.

use end_to_end::application::Application;
use end_to_end::artifacts::Build;
use end_to_end::fixtures;
use end_to_end::plan::PROXY;
use end_to_end::script::Scripted;

use super::limit;
use super::scripts::{self, Case, Speech};
use crate::preload;
use crate::suite::{Bench, Verdict, expect};

/// A script of each event loop, and what runs it.
pub(super) const PROGRAMS: [(&str, &[&str]); 2] =
    [("asyncio", &["python3", "asyncio_errno.py"]), ("node", &["node", "node_errno.js"])];

const FIRST_PORT: u16 = 5001;

pub(super) fn every(bench: &Bench<'_>, build: Build, words: &[&str]) -> Verdict {
    // Credentials would be those of all proxies, and change what the others are offered.
    let cases = scripts::cases().into_iter().filter(|case| case.speech != Speech::Password);
    let (late, others): (Vec<_>, Vec<_>) = cases.partition(|case| case.prints == "ETIMEDOUT");
    at_once(bench, build, words, &others, limit("an answer"))?;
    at_once(bench, build, words, &late, limit("ETIMEDOUT"))
}

fn at_once(bench: &Bench<'_>, build: Build, words: &[&str], cases: &[Case], limit: u32) -> Verdict {
    let ports = FIRST_PORT..;
    let mut configuration = format!("timeout.connect: {limit}\n");
    let mut lines = String::new();
    let mut proxies = Vec::new();
    for (case, port) in cases.iter().zip(ports) {
        let proxy = Scripted::start(bench.world, case.acts.clone())?;
        configuration += &route(case.speech, port, proxy.port);
        lines += &format!("{} {port}\n", case.host());
        proxies.push(proxy);
    }
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let path = fixtures::source("programs").join(words[1]).display().to_string();
    let outcome = bench.run(&Application::new([words[0], &path]).stdin(lines), &wrapper)?;
    let text = outcome.text();
    let told: Vec<_> = text.lines().collect();
    expect(told.len() == cases.len(), "an outcome for each", &outcome)?;
    let wrong = cases.iter().zip(told).filter(|(case, told)| case.prints != *told);
    let wrong: Vec<_> =
        wrong.map(|(case, told)| format!("{}: {told}, not {}", case.name, case.prints)).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn route(speech: Speech, target: u16, proxy: u16) -> String {
    let version = match speech {
        Speech::Socks5 | Speech::Password => "socks_v5",
        Speech::Socks4 => "socks_v4",
        Speech::Http => "http",
    };
    format!(
        "route {{ from: 0/0 to: 0/0 port = {target} via: {} port = {proxy} proxyprotocol: {version} }}\n",
        PROXY.v4
    )
}
