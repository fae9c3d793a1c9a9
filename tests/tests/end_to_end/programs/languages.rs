//! HTTP as the libraries of programming languages speak it.

use end_to_end::application::Application;
use end_to_end::fixtures;

use super::{Program, Site};
use crate::suite::{Verdict, expect};

pub(super) const PROGRAMS: &[Program] = &[
    Program::new("python_urllib", &["python3", "nginx"], python_urllib),
    Program::new("node_http", &["node", "nginx"], node_http),
    Program::new("node_fetch", &["node", "nginx"], node_fetch),
    Program::new("java", &["javac", "nginx"], java),
];

fn python_urllib(site: &Site<'_>) -> Verdict {
    fetch(site, "python3", "python_urllib.py")
}

fn node_http(site: &Site<'_>) -> Verdict {
    fetch(site, "node", "node_http.js")
}

fn node_fetch(site: &Site<'_>) -> Verdict {
    fetch(site, "node", "node_fetch.js")
}

/// The virtual machine uses IPv6 sockets for everything, and so v4-mapped addresses.
fn java(site: &Site<'_>) -> Verdict {
    fetch(site, "java", "Fetch.java")
}

fn fetch(site: &Site<'_>, interpreter: &str, file: &str) -> Verdict {
    let path = fixtures::source("programs").join(file).display().to_string();
    let outcome = site.run(Application::new([interpreter, &path, &site.url("http", "small/7")]))?;
    expect(outcome.stdout == site.fixture("web/small/7")?, "the file", &outcome)
}
