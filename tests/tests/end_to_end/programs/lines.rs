//! Programs that connect a terminal or a script to a port.

use end_to_end::application::Application;
use end_to_end::fixtures;
use end_to_end::plan::{ECHO, GREETING, GREETING_LINE, LINE};

use super::{Program, Site};
use crate::suite::{Verdict, expect};

pub(super) const PROGRAMS: &[Program] = &[
    Program::new("nc", &["nc.openbsd"], nc),
    Program::new("nc_waiting", &["nc.openbsd"], nc_waiting),
    Program::new("nc_greeted", &["nc.openbsd"], nc_greeted),
    Program::new("nc_half_close", &["nc.openbsd"], nc_half_close).with_half_close(),
    Program::new("ncat", &["ncat"], ncat),
    Program::new("bash_dev_tcp", &["bash"], bash_dev_tcp),
    Program::new("perl_socket", &["perl"], perl_socket),
    Program::new("perl_inet", &["perl"], perl_inet).ipv4_only(),
    Program::new("python_socket", &["python3"], python_socket),
    Program::new("python_asyncio", &["python3"], python_asyncio),
    Program::new("node_net", &["node"], node_net),
];

const SENT: &str = "hello target\n";
const ANSWER: &str = "you said hello target\n";

/// Sends a line to the target and expects its answer.
fn exchange(site: &Site<'_>, words: &[&str]) -> Verdict {
    let application = Application::new(words).args([site.host(), LINE.to_string()]).stdin(SENT);
    let outcome = site.run(application)?;
    expect(outcome.text() == ANSWER, "the answer", &outcome)
}

fn nc(site: &Site<'_>) -> Verdict {
    exchange(site, &["nc.openbsd"])
}

/// With a time limit it connects without blocking.
fn nc_waiting(site: &Site<'_>) -> Verdict {
    exchange(site, &["nc.openbsd", "-w", "30"])
}

fn nc_greeted(site: &Site<'_>) -> Verdict {
    let words = ["nc.openbsd", &site.host(), &GREETING.to_string()];
    let outcome = site.run(Application::new(words).stdin(SENT))?;
    expect(outcome.text() == format!("{GREETING_LINE}{ANSWER}"), "greeting and answer", &outcome)
}

fn nc_half_close(site: &Site<'_>) -> Verdict {
    let sent = site.fixture("web/small/50")?.repeat(500);
    let words = ["nc.openbsd", "-N", &site.host(), &ECHO.to_string()];
    let outcome = site.run(Application::new(words).stdin(sent.clone()))?;
    let stderr = &outcome.stderr;
    if outcome.stdout == sent {
        return Ok(());
    }
    Err(format!("{} of {} bytes came back; {stderr}", outcome.stdout.len(), sent.len()).into())
}

fn ncat(site: &Site<'_>) -> Verdict {
    exchange(site, &["ncat", "--no-shutdown"])
}

fn bash_dev_tcp(site: &Site<'_>) -> Verdict {
    exchange(site, &["bash", "-c", "exec 3<>/dev/tcp/$1/$2 && cat >&3 && cat <&3", "bash"])
}

fn perl_socket(site: &Site<'_>) -> Verdict {
    script(site, "perl", "perl_socket.pl")
}

fn perl_inet(site: &Site<'_>) -> Verdict {
    script(site, "perl", "perl_inet.pl")
}

fn python_socket(site: &Site<'_>) -> Verdict {
    script(site, "python3", "python_socket.py")
}

fn python_asyncio(site: &Site<'_>) -> Verdict {
    script(site, "python3", "python_asyncio.py")
}

fn node_net(site: &Site<'_>) -> Verdict {
    script(site, "node", "node_net.js")
}

fn script(site: &Site<'_>, interpreter: &str, file: &str) -> Verdict {
    let path = fixtures::source("programs").join(file).display().to_string();
    exchange(site, &[interpreter, &path])
}
