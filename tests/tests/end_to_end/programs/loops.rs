//! Programs that connect without blocking, each with a target that answers and one that refuses.

use end_to_end::application::{Application, Outcome, Wrapper};
use end_to_end::fixtures;
use end_to_end::fixtures::SMALL_FILES;
use end_to_end::plan::{CLOSED, ECHO, HTTP, LINE, POSTGRESQL, REDIS};
use libtest_mimic::Failed;

use super::{Program, Site};
use crate::suite::{Verdict, expect};

pub(super) const PROGRAMS: &[Program] = &[
    Program::new("asyncio_many", &["python3"], asyncio_many),
    Program::new("node_many", &["node", "nginx"], node_many).by_our_proxy(),
    Program::new("java_many", &["javac", "nginx"], java_many).by_our_proxy(),
    Program::new("perl_timeout", &["perl"], perl_timeout).by_our_proxy(),
    Program::new("perl_inet_timeout", &["perl"], perl_inet_timeout).by_our_proxy().ipv4_only(),
    Program::new("curl_refused", &["curl"], curl_refused).by_our_proxy(),
    Program::new("wget_refused", &["wget"], wget_refused).by_our_proxy(),
    Program::new("nc_scan", &["nc.openbsd"], nc_scan).by_our_proxy(),
    Program::new("ssh_timeout", &["ssh", "sshd"], ssh_timeout).by_our_proxy(),
    Program::new("lftp", &["lftp", "vsftpd"], lftp).by_our_proxy(),
    Program::new("redis", &["redis-cli", "redis-server"], redis).by_our_proxy(),
    Program::new("psql", &["psql", "pg_createcluster"], psql).by_our_proxy(),
    Program::new("git_refused", &["git"], git_refused).by_our_proxy(),
    Program::new("chromium", &["chromium", "nginx"], chromium).by_our_proxy(),
];

/// A script that judges for itself.
fn script(site: &Site<'_>, words: &[&str], file: &str, ports: &[u16]) -> Verdict {
    let path = fixtures::source("programs").join(file).display().to_string();
    let ports = ports.iter().map(u16::to_string);
    let outcome = site.run(Application::new(words).args([path, site.host()]).args(ports))?;
    expect(outcome.succeeded() && outcome.text() == "as expected\n", "as expected", &outcome)
}

fn asyncio_many(site: &Site<'_>) -> Verdict {
    script(site, &["python3"], "asyncio_many.py", &[LINE, CLOSED])
}

fn node_many(site: &Site<'_>) -> Verdict {
    script(site, &["node"], "node_many.js", &[LINE, HTTP, CLOSED])
}

fn java_many(site: &Site<'_>) -> Verdict {
    script(site, &["java", "-XX:-UsePerfData"], "Many.java", &[LINE, HTTP, CLOSED])
}

fn perl_timeout(site: &Site<'_>) -> Verdict {
    script(site, &["perl"], "perl_timeout.pl", &[LINE, CLOSED])
}

fn perl_inet_timeout(site: &Site<'_>) -> Verdict {
    script(site, &["perl"], "perl_inet_timeout.pl", &[LINE, CLOSED])
}

/// A program that ends with this status and, in its own words, "connection refused".
fn is_refused(outcome: &Outcome, status: i32) -> Verdict {
    let says_so = outcome.stderr.to_lowercase().contains("connection refused");
    let code = outcome.status.and_then(|status| status.code());
    expect(code == Some(status) && says_so, "a refused connection", outcome)
}

fn closed_url(site: &Site<'_>) -> String {
    format!("http://{}:{CLOSED}/small/[1-{SMALL_FILES}]", site.addressing.authority())
}

/// Fifty at once.
fn curl_refused(site: &Site<'_>) -> Verdict {
    let parallel = ["-Z", "--parallel-max", "50", "--parallel-immediate", "-w", "%{errormsg}\n", "-o", "got"];
    let outcome = site.run(Application::new(["curl", "-s"]).args(parallel).args([closed_url(site)]))?;
    let text = outcome.text();
    // Curl says "Couldn't connect to server" where an errno would stand, in newer versions.
    let refusals = text.lines().filter(|line| line.contains("connect to")).count();
    let code = outcome.status.and_then(|status| status.code());
    expect(code == Some(7) && refusals == SMALL_FILES, "fifty refusals", &outcome)
}

fn wget_refused(site: &Site<'_>) -> Verdict {
    let url = format!("http://{}:{CLOSED}/", site.addressing.authority());
    is_refused(&site.run(Application::new(["wget", "-t1", "-T30", "-O-", &url]))?, 4)
}

fn nc_scan(site: &Site<'_>) -> Verdict {
    let scan = |port: u16| {
        site.run(Application::new(["nc.openbsd", "-z", "-v", "-w", "30", &site.host(), &port.to_string()]))
    };
    let open = scan(ECHO)?;
    expect(open.succeeded(), "an open port", &open)?;
    is_refused(&scan(CLOSED)?, 1)
}

fn ssh_timeout(site: &Site<'_>) -> Verdict {
    let config = site.fixture_path("ssh/config");
    let ssh = |options: &[&str]| {
        let words = ["ssh", "-F", &config, "-o", "ConnectTimeout=30"];
        site.run(Application::new(words).args(options).args([&site.host(), "uname -n"]))
    };
    let outcome = ssh(&[])?;
    expect(outcome.text() == "target\n", "the target's name", &outcome)?;
    is_refused(&ssh(&["-p", &CLOSED.to_string()])?, 255)
}

fn lftp(site: &Site<'_>) -> Verdict {
    const ONCE: &str = "set net:max-retries 1; set net:reconnect-interval-base 0; set cmd:fail-exit yes; ";
    let fetch = |authority: &str| {
        let commands = format!("{ONCE}open ftp://{authority}; get pub/file -o got");
        site.run(Application::new(["lftp", "-c", &commands]))
    };
    let outcome = fetch(&site.addressing.authority())?;
    site.expect_file("got", &site.fixture("ftp/pub/file")?, &outcome)?;
    is_refused(&fetch(&format!("{}:{CLOSED}", site.addressing.authority()))?, 1)
}

fn redis(site: &Site<'_>) -> Verdict {
    let cli = |port: u16, words: &[&str]| {
        let to = ["redis-cli", "-h", &site.host(), "-p", &port.to_string()];
        site.run(Application::new(to).args(words))
    };
    let set = cli(REDIS, &["SET", "key", "value"])?;
    expect(set.text() == "OK\n", "OK", &set)?;
    let got = cli(REDIS, &["GET", "key"])?;
    expect(got.text() == "value\n", "the value", &got)?;
    is_refused(&cli(CLOSED, &["PING"])?, 1)
}

fn psql(site: &Site<'_>) -> Verdict {
    site.bench.world.start_database()?;
    let psql = |port: u16| {
        let words =
            ["psql", "-h", &site.host(), "-p", &port.to_string(), "-U", "postgres", "-Atc", "SELECT 6*7"];
        site.run(Application::new(words).env("PGCONNECT_TIMEOUT", "30"))
    };
    let outcome = psql(POSTGRESQL)?;
    expect(outcome.text() == "42\n", "42", &outcome)?;
    is_refused(&psql(CLOSED)?, 2)
}

fn git_refused(site: &Site<'_>) -> Verdict {
    let url = format!("git://{}:{CLOSED}/repository.git", site.addressing.authority());
    is_refused(&site.run(Application::new(["git", "ls-remote", &url]))?, 128)
}

/// As a user without privileges and, where the machine lets such users make namespaces, in its sandbox.
fn chromium(site: &Site<'_>) -> Verdict {
    let page = browse(site, &site.url("http", "small/7"))?;
    let content = String::from_utf8_lossy(&site.fixture("web/small/7")?).into_owned();
    expect(page.text().contains(&content), "the file", &page)?;
    let refused = browse(site, &format!("http://{}:{}/", site.addressing.authority(), 8009))?;
    expect(refused.stderr.contains("ERR_CONNECTION_REFUSED"), "ERR_CONNECTION_REFUSED", &refused)?;
    // The browser would start it again, and hide a crash.
    let is_whole = |page: &Outcome| !page.stderr.contains("Network service crashed");
    expect(is_whole(&page) && is_whole(&refused), "a network service that lives", &page)
}

fn browse(site: &Site<'_>, url: &str) -> Result<Outcome, Failed> {
    let Wrapper::Command { build, urls } = &site.wrapper else { return Err("no command".into()) };
    let words = ["sh", "-euc", BROWSE, "sh"].map(Into::into).into_iter();
    let words = words.chain([build.socksify().into_os_string(), urls.concat().into(), url.into()]);
    site.bench.run(&Application::new(words), &Wrapper::Nothing)
}

const BROWSE: &str = r#"
profile=$(mktemp -d "$PWD/profile.XXXXXX")
chown nobody "$profile"
# The source tree may be where only its owner looks.
cp "$1" "${1%/*}/libsocksify.so" "$profile"
export HOME="$profile" XDG_RUNTIME_DIR="$profile"
as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
$as unshare --user true 2>/dev/null && sandbox= || sandbox=--no-sandbox
exec $as "$profile/socksify" -p "$2" -- chromium --headless --dump-dom $sandbox --user-data-dir="$profile" --disable-gpu \
    --disable-quic --disable-features=UseDnsHttpsSvcb --no-first-run --disable-background-networking --disable-component-update --disable-sync "$3"
"#;
