//! Programs that look names up, through every proxy: one that knows no UDP too.

use std::net::{IpAddr, Ipv6Addr};

use end_to_end::application::{Application, Outcome, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::fixtures;
use end_to_end::plan::*;
use end_to_end::proxies::Server;
use libtest_mimic::Failed;

use crate::suite::{Bench, Suite, Verdict, expect};

/// A program, what it needs, and how to tell that it got its answers.
type Program = (&'static str, &'static [&'static str], fn(&Site<'_>) -> Verdict);

/// Where a program is tried.
struct Site<'a> {
    bench: &'a Bench<'a>,
    wrapper: Wrapper,
}

const PROGRAMS: &[Program] =
    &[("getent", &["getent"], getent), ("python", &["python3"], python), ("ping", &["ping"], ping)];

pub(super) fn add(suite: &mut Suite) {
    for (program, needs, test) in PROGRAMS {
        for server in Server::ALL {
            for build in Build::ALL {
                let name = format!("names::programs::{program}::{}::{}", server.program(), build.name());
                let installed = (server != Server::Socksd).then(|| server.program());
                let needs: Vec<_> = needs.iter().copied().chain(installed).collect();
                suite.add(name, &needs, move |bench| {
                    let proxy = server.open();
                    bench.world.start(proxy)?;
                    let wrapper = Wrapper::Command { build, urls: vec![proxy.url()] };
                    test(&Site { bench, wrapper })
                });
            }
        }
    }
}

impl Site<'_> {
    fn run(&self, words: &[&str]) -> Result<Outcome, Failed> {
        self.bench.run(&Application::new(words), &self.wrapper)
    }

    /// Fails unless the words of a program's output that are addresses are stand-ins, so many of each family.
    fn expect_stand_ins(&self, outcome: &Outcome, v4: usize, v6: usize) -> Verdict {
        let text = outcome.text();
        let addresses: Vec<IpAddr> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let is_v4 = addresses.iter().filter(|address| address.is_ipv4()).count();
        let is_right = is_v4 == v4 && addresses.len() == v4 + v6 && addresses.iter().all(stands_in);
        expect(outcome.succeeded() && is_right, &format!("{v4} and {v6} stand-ins"), outcome)
    }
}

/// True for an address of the ranges that stand for names.
fn stands_in(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => ip.octets()[0] == 198 && ip.octets()[1] & 0xfe == 18,
        IpAddr::V6(ip) => {
            ip.segments()[..4] == Ipv6Addr::new(0xfd00, 0x736f, 0x636b, 0x7369, 0, 0, 0, 0).segments()[..4]
        }
    }
}

fn getent(site: &Site<'_>) -> Verdict {
    let count = |text: &str| text.split_whitespace().filter(|word| *word == NAME).count();
    for (database, v4, v6) in [("ahosts", 3, 0), ("ahostsv4", 3, 0), ("ahostsv6", 0, 3)] {
        let outcome = site.run(&["getent", database, NAME])?;
        site.expect_stand_ins(&outcome, v4, v6)?;
        expect(count(&outcome.text()) == 1, NAME, &outcome)?;
    }
    let hosts = site.run(&["getent", "hosts", NAME])?;
    site.expect_stand_ins(&hosts, 0, 1)?;
    let back = site.run(&["sh", "-c", "getent hosts $(getent ahostsv4 \"$1\")", "sh", NAME])?;
    expect(count(&back.text()) > 0, NAME, &back)
}

/// Its answers are those of the machine that knows the name, but for the addresses.
fn python(site: &Site<'_>) -> Verdict {
    let script = fixtures::source("programs/python_names.py").display().to_string();
    let outcome = site.run(&["python3", &script, NAME])?;
    let expected = format!(
        "getaddrinfo inet 80 {NAME}\n\
         gethostbyname_ex {NAME} [] ['inet']\n\
         gethostbyaddr {NAME}\n\
         getnameinfo ('{NAME}', 'http')\n\
         getfqdn {NAME}\n\
         getfqdn {NAME} application\n"
    );
    expect(outcome.text() == expected, &expected, &outcome)
}

/// It finds the host, and cannot send what no proxy carries.
fn ping(site: &Site<'_>) -> Verdict {
    let outcome = site.run(&["ping", "-c", "1", "-W", "1", NAME])?;
    expect(!outcome.succeeded() && outcome.status.is_some(), "no answer", &outcome)
}
