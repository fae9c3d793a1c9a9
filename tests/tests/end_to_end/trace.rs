//! `socksify --trace`: every connection of a tree of processes, with the bytes that went over it.

use end_to_end::application::{Application, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::fixtures::source;
use end_to_end::plan::{CLOSED, CLOSED_PROXY_PORT, ECHO, NAME, PASSWORD, PROXY, TARGET, USERNAME};
use end_to_end::proxies::Server;

use crate::suite::{Bench, Suite, Verdict, expect};

pub(crate) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        let needs = ["python3", "bash"];
        suite.add(format!("trace::tree::{}", build.name()), &needs, move |bench| tree(bench, build));
    }
}

/// The direct route leads to a port of the proxy host where nobody listens.
fn tree(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.with_password();
    bench.world.start(proxy)?;
    let (host, port) = (PROXY.v4, proxy.port());
    let configuration = format!(
        "debug: 0\n\
         route {{ from: 0/0 to: 0/0 port = 4444 via: block }}\n\
         route {{ from: 0/0 to: {host}/32 port = {CLOSED_PROXY_PORT} via: direct }}\n\
         route {{ from: 0/0 to: 0/0 via: {host} port = {port} proxyprotocol: socks_v5 method: username }}\n"
    );
    let configuration = bench.scratch.write("socks.conf", configuration)?;
    let judge = Application::new(["python3".into(), source("programs/trace.py")])
        .args([build.socksify(), configuration, source("programs/traced.py")])
        .args([NAME.to_owned(), TARGET.v4.to_string(), ECHO.to_string(), CLOSED.to_string()])
        .args([host.to_string(), CLOSED_PROXY_PORT.to_string(), format!("{host}:{port}")])
        .env("SOCKS_USERNAME", USERNAME)
        .env("SOCKS_PASSWORD", PASSWORD);
    let outcome = bench.run(&judge, &Wrapper::Nothing)?;
    expect(outcome.text() == "done\n", "everything told as it was", &outcome)
}
