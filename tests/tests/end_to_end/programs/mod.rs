//! Programs people use, each by name, IPv4 and IPv6, through each proxy, with both builds of the library.

mod active;
mod languages;
mod lines;
mod loops;
mod shells;
mod transfers;
mod web;

use end_to_end::application::{Application, Outcome, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::proxies::{Proxy, Server};
use libtest_mimic::Failed;

use crate::addressing::Addressing;
use crate::suite::{Bench, Suite, Verdict};

/// A program and how to tell that it reached the target.
struct Program {
    name: &'static str,
    needs: &'static [&'static str],
    addressings: &'static [Addressing],
    test: fn(&Site<'_>) -> Verdict,
    relies_on_half_close: bool,
    servers: &'static [Server],
}

/// Where a program is tried.
struct Site<'a> {
    bench: &'a Bench<'a>,
    wrapper: Wrapper,
    addressing: Addressing,
}

const BY_NAME_AND_ADDRESS: &[Addressing] = &Addressing::ALL;
const BY_NAME_AND_IPV4: &[Addressing] = &[Addressing::Name, Addressing::V4];

impl Program {
    const fn new(
        name: &'static str,
        needs: &'static [&'static str],
        test: fn(&Site<'_>) -> Verdict,
    ) -> Program {
        Program {
            name,
            needs,
            addressings: BY_NAME_AND_ADDRESS,
            test,
            relies_on_half_close: false,
            servers: &Server::ALL,
        }
    }

    /// For programs of which a run takes long: the other proxies have been tried by their like.
    const fn by_our_proxy(self) -> Program {
        Program { servers: &[Server::Socksd], ..self }
    }

    /// For programs that wait for a call back.
    const fn by_proxies_with_bind(self) -> Program {
        Program { servers: &[Server::Danted, Server::Socksd], ..self }
    }

    const fn ipv4_only(self) -> Program {
        Program { addressings: BY_NAME_AND_IPV4, ..self }
    }

    const fn with_half_close(self) -> Program {
        Program { relies_on_half_close: true, ..self }
    }
}

impl Site<'_> {
    fn run(&self, application: Application) -> Result<Outcome, Failed> {
        self.bench.run(&application, &self.wrapper)
    }

    fn host(&self) -> String {
        self.addressing.host()
    }

    fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}/{path}", self.addressing.authority())
    }

    fn fixture(&self, name: &str) -> Result<Vec<u8>, Failed> {
        Ok(self.bench.world.fixtures.read(name)?)
    }

    fn fixture_path(&self, name: &str) -> String {
        self.bench.world.fixtures.path(name).display().to_string()
    }

    /// Fails unless the program left this content in a file of its directory.
    fn expect_file(&self, name: &str, content: &[u8], outcome: &Outcome) -> Verdict {
        let path = self.bench.scratch.path().join(name);
        let found = std::fs::read(&path).map_err(|error| format!("{name}: {error}; {outcome}"))?;
        if found == content {
            return Ok(());
        }
        Err(format!("{name}: {} bytes, not the {} expected; {outcome}", found.len(), content.len()).into())
    }
}

pub(crate) fn add(suite: &mut Suite) {
    let families = [
        web::PROGRAMS,
        transfers::PROGRAMS,
        active::PROGRAMS,
        shells::PROGRAMS,
        lines::PROGRAMS,
        languages::PROGRAMS,
        loops::PROGRAMS,
    ];
    for program in families.into_iter().flatten() {
        let by_http = BY_HTTP.contains(&program.name).then_some(Server::Tinyproxy);
        for server in program.servers.iter().copied().chain(by_http) {
            if program.relies_on_half_close && !server.keeps_half_closed() {
                continue;
            }
            add_each(suite, program, server.open());
            if PASSWORD_PROGRAMS.contains(&program.name) {
                add_each(suite, program, server.with_password());
            }
        }
    }
}

/// The dialogue with the proxy does not depend on the program, so a few speak for all.
/// Programs that are tried through an HTTP proxy, too: the dialogue is another, what comes after it is the same.
const BY_HTTP: &[&str] = &[
    "curl_http",
    "curl_https",
    "wget_https",
    "nc",
    "ssh",
    "git_http",
    "python_socket",
    "python_asyncio",
    "node_http",
];

const PASSWORD_PROGRAMS: &[&str] = &["curl_http", "nc", "python_socket", "python_asyncio", "active_curl"];

fn add_each(suite: &mut Suite, program: &'static Program, proxy: Proxy) {
    for &addressing in program.addressings {
        for build in Build::ALL {
            let (addressed, through) = (addressing.label(), proxy.name());
            let name = format!("programs::{}::{addressed}::{through}::{}", program.name, build.name());
            let needs: Vec<_> = program.needs.iter().copied().chain(installed(proxy)).collect();
            suite.add(name, &needs, move |bench| {
                bench.world.start(proxy)?;
                let wrapper = Wrapper::Command { build, urls: vec![proxy.url()] };
                (program.test)(&Site { bench, wrapper, addressing }).map_err(|failed| {
                    let said = failed.message().unwrap_or_default();
                    format!("{said}\n--- {through}\n{}", bench.world.log(&through)).into()
                })
            });
        }
    }
}

/// What has to be installed for the proxy; ours is built.
fn installed(proxy: Proxy) -> Option<&'static str> {
    (proxy.server != Server::Socksd).then(|| proxy.server.program())
}
