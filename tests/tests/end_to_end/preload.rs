//! The library preloaded by itself, with a configuration file written for the test.

use std::path::PathBuf;

use end_to_end::application::{Application, Wrapper};
use end_to_end::plan::PROXY;
use end_to_end::proxies::Proxy;
use libtest_mimic::Failed;

use crate::suite::Bench;

/// Routes everything to a port of the proxy host, with options before the route and keys in it.
pub(crate) fn route_to(port: u16, options: &str, keys: &str) -> String {
    format!("{options}\nroute {{\n from: 0/0 to: 0/0 via: {} port = {port}\n {keys}\n}}\n", PROXY.v4)
}

/// Preloads a library with this configuration.
pub(crate) fn with(bench: &Bench<'_>, library: PathBuf, configuration: &str) -> Result<Wrapper, Failed> {
    let configuration = Some(bench.scratch.write("socks.conf", configuration)?);
    Ok(Wrapper::Preload { library, configuration })
}

/// Preloads a library that sends everything to a real proxy.
pub(crate) fn through(bench: &Bench<'_>, library: PathBuf, proxy: Proxy) -> Result<Wrapper, Failed> {
    bench.world.start(proxy)?;
    with(bench, library, &route_to(proxy.port(), "", "proxyprotocol: socks_v5"))
}

/// A probe with its arguments.
pub(crate) fn probe<W: Into<std::ffi::OsString>>(
    bench: &Bench<'_>,
    name: &str,
    words: impl IntoIterator<Item = W>,
) -> Result<Application, Failed> {
    Ok(Application::new([bench.world.fixtures.probe(name)?]).args(words))
}
