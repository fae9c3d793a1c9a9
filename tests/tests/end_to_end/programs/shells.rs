//! Remote shells, and version control over them and over HTTP.

use end_to_end::application::Application;

use super::{Program, Site};
use crate::suite::{Verdict, expect};

pub(super) const PROGRAMS: &[Program] = &[
    Program::new("ssh", &["ssh", "sshd"], ssh),
    Program::new("scp", &["ssh", "sshd"], scp),
    Program::new("git_http", &["git", "nginx", "fcgiwrap"], git_http),
    Program::new("git_ssh", &["git", "sshd"], git_ssh),
];

fn ssh(site: &Site<'_>) -> Verdict {
    let config = site.fixture_path("ssh/config");
    let outcome =
        site.run(Application::new(["ssh", "-F", &config, &site.host(), "uname -n; cat"]).stdin("in\n"))?;
    expect(outcome.text() == "target\nin\n", "the target's name and our input", &outcome)
}

fn scp(site: &Site<'_>) -> Verdict {
    let config = site.fixture_path("ssh/config");
    let there = |path: &str| format!("{}:{path}", site.addressing.authority());
    let big = site.fixture_path("web/big");
    let fetched = site.run(Application::new(["scp", "-q", "-F", &config, &there(&big), "got"]))?;
    let content = site.fixture("web/big")?;
    site.expect_file("got", &content, &fetched)?;
    let back = site.bench.scratch.path().join("back").display().to_string();
    let sent = site.run(Application::new(["scp", "-q", "-F", &config, "got", &there(&back)]))?;
    site.expect_file("back", &content, &sent)
}

fn git_http(site: &Site<'_>) -> Verdict {
    clone(site, &site.url("http", "git/repository.git"))
}

fn git_ssh(site: &Site<'_>) -> Verdict {
    clone(site, &site.url("ssh", site.fixture_path("git/repository.git").trim_start_matches('/')))
}

fn clone(site: &Site<'_>, url: &str) -> Verdict {
    let ssh = format!("ssh -F {}", site.fixture_path("ssh/config"));
    let git = Application::new(["git", "clone", "-q", url, "clone"]).env("GIT_SSH_COMMAND", ssh);
    let outcome = site.run(git.env("GIT_CONFIG_NOSYSTEM", "1"))?;
    expect(outcome.succeeded(), "a clone", &outcome)?;
    site.expect_file("clone/README", &site.fixture("git-work/README")?, &outcome)
}
