//! Programs people use that speak by datagrams, through the proxies that carry them.

use end_to_end::application::{Application, Outcome, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::fixtures;
use end_to_end::plan::{ECHO, IPERF, NTP, PROXY, QUIC};
use end_to_end::proxies::Server;
use libtest_mimic::Failed;

use crate::addressing::Addressing;
use crate::suite::{Bench, Suite, Verdict, expect};

/// A program and how to tell that it was answered.
struct Program {
    name: &'static str,
    needs: &'static [&'static str],
    test: fn(&Site<'_>) -> Verdict,
}

/// Where it is tried.
struct Site<'a> {
    bench: &'a Bench<'a>,
    wrapper: Wrapper,
    addressing: Addressing,
}

const PROGRAMS: &[Program] = &[
    Program { name: "nc", needs: &["nc.openbsd"], test: nc },
    Program { name: "ncat", needs: &["ncat"], test: ncat },
    Program { name: "socat_connected", needs: &["socat"], test: socat_connected },
    Program { name: "socat_sendto", needs: &["socat"], test: socat_sendto },
    Program { name: "python_datagram", needs: &["python3"], test: python_datagram },
    Program { name: "python_asyncio_datagram", needs: &["python3"], test: python_asyncio_datagram },
    Program { name: "python_inherited", needs: &["python3"], test: python_inherited },
    Program { name: "bash_inherited", needs: &["bash"], test: bash_inherited },
    Program { name: "node_dgram", needs: &["node"], test: node_dgram },
    Program { name: "iperf3", needs: &["iperf3"], test: iperf3 },
    Program { name: "iperf3_reverse", needs: &["iperf3"], test: iperf3_reverse },
    Program { name: "ntpdig", needs: &["ntpdig", "chronyd"], test: ntpdig },
    Program { name: "chronyd", needs: &["chronyd"], test: chronyd },
    Program { name: "quic", needs: &["gtlsclient", "gtlsserver"], test: quic },
];

pub(super) fn add(suite: &mut Suite) {
    for program in PROGRAMS {
        for addressing in Addressing::ALL {
            for build in Build::ALL {
                for server in super::CARRIERS {
                    if is_out_of_reach(program, addressing, server) {
                        continue;
                    }
                    let label = addressing.label();
                    let (by, built) = (server.program(), build.name());
                    let name = format!("datagrams::programs::{}::{label}::{by}::{built}", program.name);
                    let carrier = super::needs(server);
                    let needs: Vec<_> = carrier.iter().chain(program.needs).copied().collect();
                    suite.add(name, &needs, move |bench| {
                        bench.world.start(server.open())?;
                        let urls = vec![url(server, program, addressing)];
                        let wrapper = Wrapper::Command { build, urls };
                        (program.test)(&Site { bench, wrapper, addressing })
                    });
                }
            }
        }
    }
}

/// These programs have IPv6 sockets that IPv4 cannot be reached from, not even a proxy.
const WITHOUT_IPV4: [&str; 2] = ["chronyd", "quic"];

/// Dante's relays have IPv4 addresses, whichever family its control connection has.
fn is_out_of_reach(program: &Program, addressing: Addressing, server: Server) -> bool {
    let is_ipv6 = addressing == Addressing::V6 && WITHOUT_IPV4.contains(&program.name);
    is_ipv6 && server == Server::Danted
}

fn url(server: Server, program: &Program, addressing: Addressing) -> String {
    let proxy = server.open();
    if addressing == Addressing::V6 && WITHOUT_IPV4.contains(&program.name) {
        return format!("socks5://[{}]:{}", PROXY.v6, proxy.port());
    }
    proxy.url()
}

const SENT: &str = "hello target\n";

impl Site<'_> {
    fn run(&self, application: Application) -> Result<Outcome, Failed> {
        self.bench.run(&application, &self.wrapper)
    }

    fn host(&self) -> String {
        self.addressing.host()
    }

    /// `-4` or `-6`, for programs that want to be told.
    fn family(&self) -> &'static str {
        if self.addressing == Addressing::V6 { "-6" } else { "-4" }
    }

    /// Runs a program that has to write what the target sends back.
    fn echoes(&self, application: Application) -> Verdict {
        let outcome = self.run(application.stdin(SENT))?;
        expect(outcome.text() == SENT, "what was sent", &outcome)
    }

    fn script(&self, interpreter: &str, file: &str) -> Verdict {
        let path = fixtures::source("programs").join(file).display().to_string();
        self.echoes(Application::new([interpreter, &path, &self.host(), &ECHO.to_string()]))
    }
}

fn nc(site: &Site<'_>) -> Verdict {
    until_answered(site, &["nc.openbsd", "-u", &site.host(), &ECHO.to_string()])
}

fn ncat(site: &Site<'_>) -> Verdict {
    until_answered(site, &["ncat", "-u", &site.host(), &ECHO.to_string()])
}

/// Runs a program that would end at the end of its input, or some time later, until it has written the answer.
fn until_answered(site: &Site<'_>, words: &[&str]) -> Verdict {
    let script = r#"exec 3< <(exec "$@" < <(cat; exec sleep 60)); head -n 1 <&3; kill $!"#;
    site.echoes(Application::new(["bash", "-c", script, "bash"]).args(words.iter().copied()))
}

fn socat_connected(site: &Site<'_>) -> Verdict {
    socat(site, "UDP-CONNECT")
}

/// Without connecting its socket.
fn socat_sendto(site: &Site<'_>) -> Verdict {
    socat(site, "UDP-SENDTO")
}

fn socat(site: &Site<'_>, kind: &str) -> Verdict {
    let there = format!("{kind}:{}:{ECHO}", site.addressing.authority());
    until_answered(site, &["socat", site.family(), "-", &there])
}

fn python_datagram(site: &Site<'_>) -> Verdict {
    site.script("python3", "python_datagram.py")
}

fn python_asyncio_datagram(site: &Site<'_>) -> Verdict {
    site.script("python3", "python_asyncio_datagram.py")
}

/// Its sockets are used by other programs.
fn python_inherited(site: &Site<'_>) -> Verdict {
    site.script("python3", "inherited_datagrams.py")
}

/// Its sockets are used by the programs it starts.
fn bash_inherited(site: &Site<'_>) -> Verdict {
    site.script("bash", "inherited_datagrams.sh")
}

fn node_dgram(site: &Site<'_>) -> Verdict {
    site.script("node", "node_dgram.js")
}

fn iperf3(site: &Site<'_>) -> Verdict {
    measure(site, &[])
}

/// The target sends.
fn iperf3_reverse(site: &Site<'_>) -> Verdict {
    measure(site, &["-R"])
}

/// How fast it is does not matter here, as long as something arrives.
fn measure(site: &Site<'_>, words: &[&str]) -> Verdict {
    site.bench.world.start_datagram_servers()?;
    let iperf = Application::new(["iperf3", "-u", "-J", "-b", "2M", "-n", "100K", "-l", "1000", "-p"]);
    let outcome =
        site.run(iperf.args([&IPERF.to_string(), "-c", &site.host()]).args(words.iter().copied()))?;
    let text = outcome.text();
    // That of all of it is the last one; each second has one of its own.
    let sum = text.rsplit("\"sum\":").next().unwrap_or_default();
    let field = |name: &str| {
        sum.split(&format!("\"{name}\":")).nth(1)?.split([',', '\n']).next()?.trim().parse().ok()
    };
    let (packets, lost): (Option<u32>, Option<u32>) = (field("packets"), field("lost_packets"));
    let has_arrived = packets.zip(lost).is_some_and(|(packets, lost)| packets >= 100 && lost < packets);
    expect(outcome.succeeded() && has_arrived, "a hundred datagrams, not all lost", &outcome)
}

fn ntpdig(site: &Site<'_>) -> Verdict {
    site.bench.world.start_datagram_servers()?;
    let outcome = site.run(Application::new(["ntpdig", "-t", "10", &site.host()]))?;
    let is_told = outcome.text().contains("+/-");
    expect(outcome.succeeded() && is_told, "the time of the target", &outcome)
}

/// Asks for the time, sets nothing, ends.
fn chronyd(site: &Site<'_>) -> Verdict {
    site.bench.world.start_datagram_servers()?;
    let server = format!("server {} port {NTP} iburst maxsamples 2", site.host());
    let pid = format!("pidfile {}", site.bench.scratch.path().join("chronyd.pid").display());
    let files = [&pid, "cmdport 0", "bindcmdaddress /"];
    let chronyd = Application::new(["chronyd", "-Q", "-x", "-U", "-t", "50", &server]).args(files);
    let outcome = site.run(chronyd)?;
    let is_told = outcome.stderr.contains("System clock wrong by");
    expect(outcome.succeeded() && is_told, "the time of the target", &outcome)
}

fn quic(site: &Site<'_>) -> Verdict {
    site.bench.world.start_datagram_servers()?;
    let there = format!("https://{}:{QUIC}/big", site.addressing.authority());
    let client = Application::new(["gtlsclient", "-q", "--exit-on-all-streams-close", "--download=."]);
    let outcome = site.run(client.args([site.host(), QUIC.to_string(), there]))?;
    let got = std::fs::read(site.bench.scratch.path().join("big")).unwrap_or_default();
    let sent = site.bench.world.fixtures.read("web/big")?;
    let equal = if got == sent { "the same" } else { "other" };
    expect(got == sent, &format!("the file, got {} bytes, {equal}", got.len()), &outcome)
}
