//! Programs that look names up, those with a resolver of their own included, through every proxy: one that knows no UDP too.

use std::net::{IpAddr, Ipv6Addr};

use end_to_end::application::{Application, Outcome, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::fixtures;
use end_to_end::name_server::long_text;
use end_to_end::plan::*;
use end_to_end::proxies::Server;
use libtest_mimic::Failed;

use super::where_it_can_be_asked;
use crate::suite::{Bench, Suite, Verdict, expect};

/// A program, what it needs, and how to tell that it got its answers.
type Program = (&'static str, &'static [&'static str], fn(&Site<'_>) -> Verdict);

/// Where a program is tried.
struct Site<'a> {
    bench: &'a Bench<'a>,
    wrapper: Wrapper,
}

const PROGRAMS: &[Program] = &[
    ("getent", &["getent"], getent),
    ("python", &["python3"], python),
    ("dig", &["dig"], dig),
    ("dig_tcp", &["dig"], dig_tcp),
    ("dig_reverse", &["dig"], dig_reverse),
    ("dig_records", &["dig"], dig_records),
    ("dig_at_a_server", &["dig"], dig_at_a_server),
    ("host", &["host"], host),
    ("nslookup", &["nslookup"], nslookup),
    ("node", &["node"], node),
    ("aria2", &["aria2c", "nginx"], aria2),
    ("ssh_fingerprint", &["ssh", "sshd"], ssh_fingerprint),
    ("ping", &["ping"], ping),
    ("ping_with_capabilities", &["ping"], ping_with_capabilities),
];

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

    /// What the program prints here and what it prints where it can ask the name server itself.
    fn same(&self, words: &[&str]) -> Verdict {
        let expected = where_it_can_be_asked(self.bench, &Application::new(words))?;
        let outcome = self.run(words)?;
        expect(outcome.stdout == expected.stdout, &expected.text(), &outcome)
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

fn dig(site: &Site<'_>) -> Verdict {
    site.expect_stand_ins(&site.run(&["dig", "+short", NAME, "A", NAME, "AAAA"])?, 1, 1)
}

fn dig_tcp(site: &Site<'_>) -> Verdict {
    site.expect_stand_ins(&site.run(&["dig", "+tcp", "+short", NAME, "A", NAME, "AAAA"])?, 1, 1)?;
    site.same(&["dig", "+tcp", "+short", "MX", DOMAIN])?;
    site.same(&["dig", "+tcp", "+short", "TXT", NAME_LONG_TEXT])
}

fn dig_reverse(site: &Site<'_>) -> Verdict {
    for family in ["A", "AAAA"] {
        let script = "dig +short -x $(dig +short \"$1\" \"$2\")";
        let outcome = site.run(&["sh", "-c", script, "sh", family, NAME])?;
        expect(outcome.text() == format!("{NAME}.\n"), NAME, &outcome)?;
    }
    for address in TARGET.each() {
        site.same(&["dig", "+short", "-x", &address.to_string()])?;
    }
    Ok(())
}

fn dig_records(site: &Site<'_>) -> Verdict {
    for (kind, name) in [
        ("MX", DOMAIN),
        ("TXT", DOMAIN),
        ("TXT", NAME_LONG_TEXT),
        ("SRV", NAME_SERVICE),
        ("SSHFP", NAME),
        ("HTTPS", NAME),
        ("MX", NAME_UNKNOWN),
    ] {
        site.same(&["dig", "+short", kind, name])?;
        site.same(&["dig", "+noall", "+comments", "+answer", "+noedns", "+qid=77", kind, name])?;
    }
    Ok(())
}

/// The server that the user names is asked, through the proxy; only not for addresses.
fn dig_at_a_server(site: &Site<'_>) -> Verdict {
    for server in [format!("@{}", TARGET.v4), format!("@{}", TARGET.v6)] {
        site.same(&["dig", &server, "+short", "MX", DOMAIN])?;
        site.same(&["dig", &server, "+short", "TXT", NAME_LONG_TEXT])?;
        site.same(&["dig", &server, "+tcp", "+short", "SRV", NAME_SERVICE])?;
        site.expect_stand_ins(&site.run(&["dig", &server, "+short", "A", NAME])?, 1, 0)?;
    }
    Ok(())
}

fn host(site: &Site<'_>) -> Verdict {
    site.expect_stand_ins(&site.run(&["host", NAME])?, 1, 1)?;
    site.same(&["host", "-t", "MX", DOMAIN])?;
    site.same(&["host", "-t", "TXT", NAME_LONG_TEXT])?;
    site.same(&["host", &TARGET.v4.to_string()])
}

fn nslookup(site: &Site<'_>) -> Verdict {
    let outcome = site.run(&["nslookup", NAME])?;
    let found: String = outcome.text().lines().skip(2).flat_map(|line| [line, "\n"]).collect();
    site.expect_stand_ins(&Outcome { stdout: found.into(), ..outcome }, 1, 1)?;
    site.same(&["nslookup", "-type=MX", DOMAIN])?;
    site.same(&["nslookup", "-type=SRV", NAME_SERVICE])
}

/// `dns.lookup` asks libc, everything else c-ares.
fn node(site: &Site<'_>) -> Verdict {
    let script = fixtures::source("programs/node_dns.js").display().to_string();
    let (port, address) = (LINE.to_string(), TARGET.v4.to_string());
    let outcome = site.run(&["node", &script, NAME, &port, DOMAIN, NAME_SERVICE, &address])?;
    let long: usize = long_text().iter().map(String::len).sum();
    let expected = format!(
        "you said hello\nyou said hello\nyou said hello\n[\"{NAME}\"] [\"{NAME}\"]\n[\"{NAME}\"]\n\
         [{{\"exchange\":\"{NAME_V4}\",\"priority\":{MX_PREFERENCE}}}]\n[[\"{TEXT}\"]]\n\
         [{{\"name\":\"{NAME}\",\"port\":{LINE},\"priority\":5,\"weight\":7}}]\n{long}\n[ '{NAME_UNKNOWN}' ]\n"
    );
    expect(outcome.text() == expected, &expected, &outcome)
}

fn aria2(site: &Site<'_>) -> Verdict {
    let url = format!("http://{NAME}/small/7");
    let words =
        ["aria2c", "-q", "--no-conf", "--async-dns=true", "--file-allocation=none", "-o", "got", &url];
    let outcome = site.run(&words)?;
    let got = std::fs::read(site.bench.scratch.path().join("got")).unwrap_or_default();
    expect(got == site.bench.world.fixtures.read("web/small/7")?, "the file", &outcome)
}

fn ssh_fingerprint(site: &Site<'_>) -> Verdict {
    let config = site.bench.world.fixtures.path("ssh/config").display().to_string();
    let outcome = site.run(&["ssh", "-v", "-o", "VerifyHostKeyDNS=yes", "-F", &config, NAME, "uname -n"])?;
    expect(outcome.text() == "target\n", "the target's name", &outcome)?;
    let told = "matching host key fingerprint found in DNS";
    expect(outcome.stderr.contains(told), told, &outcome)
}

/// It finds the host, and cannot send what no proxy carries.
fn ping(site: &Site<'_>) -> Verdict {
    let outcome = site.run(&["ping", "-c", "1", "-W", "1", NAME])?;
    expect(!outcome.succeeded() && outcome.status.is_some(), "no answer", &outcome)
}

/// Who is not root gains the program's capabilities by starting it, and loses us: so it is not started.
fn ping_with_capabilities(site: &Site<'_>) -> Verdict {
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let outcome = site.run(&[&nobody[..], &["ping", "-c", "1", "-W", "1", NAME]].concat())?;
    expect(!outcome.succeeded() && outcome.text().is_empty(), "a refusal", &outcome)?;
    let told = "capabilities";
    expect(outcome.stderr.contains(told), told, &outcome)
}
