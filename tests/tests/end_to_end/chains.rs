//! Several proxies one behind the other, and several of which a connection goes through some: programs through real proxies,
//! and what each proxy is asked, by scripted ones that play a whole chain.

use std::fmt::Write as _;
use std::net::SocketAddr;

use end_to_end::application::{Application, Outcome, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::plan::{
    CLOSED, CLOSED_PROXY_PORT, HTTP, LINE, NAME, NAME_UNREACHABLE, PASSWORD, PROXY, USERNAME,
};
use end_to_end::proxies::{Method, Proxy, Server};
use end_to_end::script::{Act, Scripted};
use libtest_mimic::Failed;
use socks_proto::socks5::{self, Rep};
use socks_proto::{Address, Host};

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(crate) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for (label, chain) in CHAINS {
            let mut needs: Vec<&str> = chain.iter().map(|(_, proxy)| proxy.server.program()).collect();
            needs.retain(|program| *program != "socksd");
            needs.extend(["curl", "nginx", "ssh", "sshd", "nc.openbsd"]);
            let name = format!("chains::programs::{label}::{}", build.name());
            suite.add(name, &needs, move |bench| programs(bench, build, chain));
        }
        for waits in ["blocking", "poll", "select", "epoll"] {
            let name = |what: &str| format!("chains::{what}::{waits}::{}", build.name());
            let one = move |bench: &Bench<'_>| asked_in_order(bench, build, waits);
            suite.add(name("asked_in_order"), &["cc"], one);
            suite.add(name("broken"), &["cc"], move |bench| broken(bench, build, waits));
            suite.add(name("closes_its_gaps"), &["cc"], move |bench| closes_its_gaps(bench, build, waits));
        }
        let real = format!("chains::errno::{}", build.name());
        suite.add(real, &["cc", "danted", "microsocks"], move |bench| errno(bench, build));
        let datagrams = format!("chains::no_datagrams::{}", build.name());
        suite.add(datagrams, &["python3"], move |bench| no_datagrams(bench, build));
    }
}

const fn of(server: Server, method: Method) -> Proxy {
    Proxy { server, method }
}

/// The types of proxychains.conf, and the proxies. Ours lets other hosts reach nothing on its own, so it comes last.
const CHAINS: [(&str, &[(&str, Proxy)]); 3] = [
    (
        "of_two",
        &[("socks5", of(Server::Danted, Method::None)), ("socks5", of(Server::Socksd, Method::Password))],
    ),
    (
        "of_three",
        &[
            ("socks5", of(Server::Microsocks, Method::None)),
            ("socks5", of(Server::Danted, Method::Password)),
            ("socks5", of(Server::Socksd, Method::Password)),
        ],
    ),
    (
        "of_three_protocols",
        &[
            ("socks5", of(Server::Microsocks, Method::Password)),
            ("http", of(Server::Tinyproxy, Method::None)),
            ("socks4", of(Server::Socksd, Method::None)),
        ],
    ),
];

/// A proxychains.conf.
fn list(mode: &str, proxies: &[(&str, u16, Method)]) -> String {
    let mut text = format!("{mode}\nproxy_dns\n[ProxyList]\n");
    for (kind, port, method) in proxies {
        let user =
            if *method == Method::Password { format!(" {USERNAME} {PASSWORD}") } else { String::new() };
        let _ = writeln!(text, "{kind} {} {port}{user}", PROXY.v4);
    }
    text
}

fn run(bench: &Bench<'_>, build: Build, text: &str, application: &Application) -> Result<Outcome, Failed> {
    let configuration = Some(bench.scratch.write("proxychains.conf", text)?);
    bench.run(application, &Wrapper::Preload { library: build.library(), configuration })
}

fn programs(bench: &Bench<'_>, build: Build, chain: &[(&str, Proxy)]) -> Verdict {
    chain.iter().try_for_each(|(_, proxy)| bench.world.start(*proxy))?;
    let proxies: Vec<_> = chain.iter().map(|(kind, proxy)| (*kind, proxy.port(), proxy.method)).collect();
    for mode in ["strict_chain", "dynamic_chain"] {
        let text = list(mode, &proxies);
        let url = format!("http://{NAME}:{HTTP}/small/7");
        let outcome = run(bench, build, &text, &Application::new(["curl", "-sSf", &url]))?;
        let fixtures = &bench.world.fixtures;
        expect(outcome.stdout == std::fs::read(fixtures.path("web/small/7"))?, "the file", &outcome)?;
        let nc = Application::new(["nc.openbsd", NAME, &LINE.to_string()]).stdin("hello target\n");
        let outcome = run(bench, build, &text, &nc)?;
        expect(outcome.text() == "you said hello target\n", "an answer", &outcome)?;
        let settings = fixtures.path("ssh/config").display().to_string();
        let outcome =
            run(bench, build, &text, &Application::new(["ssh", "-F", &settings, NAME, "uname -n"]))?;
        expect(outcome.text() == "target\n", "the target's name", &outcome)?;
    }
    Ok(())
}

/// What a proxy reads and says that grants a request.
fn grants(rep: Rep) -> [Act; 4] {
    let zero = SocketAddr::from(([0, 0, 0, 0], 0)).into();
    let choice = Act::Send(socks5::encode_choice(socks5::Method::NONE).as_bytes().to_vec());
    let reply = Act::SendBytewise(socks5::encode_reply(rep, &zero).as_bytes().to_vec());
    [Act::Greeting, choice, Act::Request, reply]
}

/// Connects to the target by name, and exchanges a line.
fn connect(bench: &Bench<'_>, build: Build, waits: &str, text: &str) -> Result<Outcome, Failed> {
    let probe = preload::probe(bench, "connect", [NAME, &LINE.to_string(), waits])?;
    run(bench, build, text, &probe)
}

fn named(name: &str, port: u16) -> Result<Address, Failed> {
    let name = socks_proto::Name::new(name.as_bytes()).map_err(|error| error.to_string())?;
    Ok(Address { host: Host::Name(name), port })
}

/// The first proxy is asked for the second by its name, which nobody here knows; that one for the third, by address, with
/// a password; and that one for the target.
fn asked_in_order(bench: &Bench<'_>, build: Build, waits: &str) -> Verdict {
    let chosen = socks5::encode_choice(socks5::Method::USERNAME_PASSWORD).as_bytes().to_vec();
    let [greeting, _, request, reply] = grants(Rep::SUCCEEDED);
    let second =
        [greeting, Act::Send(chosen), Act::Password, Act::Send(vec![1, 0]), request, reply].into_iter();
    let third = [Act::Connect, Act::SendBytewise(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n".to_vec())];
    let acts = grants(Rep::SUCCEEDED).into_iter().chain(second).chain(third);
    let first = Scripted::start(bench.world, acts.chain([Act::Answer, Act::Close]).collect())?;
    let text = format!(
        "[proxy.first]\nurl = \"socks5://{}:{}\"\n\
         [proxy.second]\nurl = \"socks5://{USERNAME}:{PASSWORD}@second.hop.test:1111\"\n\
         [proxy.third]\nurl = \"http://192.0.2.9:2222\"\n\
         [[route]]\nvia = [\"first\", \"second\", \"third\"]\nmode = \"strict\"\n",
        PROXY.v4, first.port
    );
    let outcome = connect(bench, build, waits, &text)?;
    expect(outcome.succeeded() && outcome.text() == "connected\n", "a connection", &outcome)?;
    let expected = vec![
        named("second.hop.test", 1111)?,
        SocketAddr::from(([192, 0, 2, 9], 2222)).into(),
        named(NAME, LINE)?,
    ];
    if first.requests() == expected {
        return Ok(());
    }
    Err(format!("asked for {:?}", first.requests()).into())
}

/// In a strict chain each proxy has to work; whichever does not, its errno is told, and the log names it.
fn broken(bench: &Bench<'_>, build: Build, waits: &str) -> Verdict {
    let unreachable = grants(Rep::HOST_UNREACHABLE);
    let first = Scripted::start(bench.world, unreachable.into_iter().chain([Act::Close]).collect())?;
    let dead = ("socks5", CLOSED_PROXY_PORT, Method::None);
    let text = list("strict_chain", &[("socks5", first.port, Method::None), dead]);
    let outcome = connect(bench, build, waits, &text)?;
    expect(outcome.text() == "EHOSTUNREACH\n", "EHOSTUNREACH", &outcome)?;
    let named =
        format!("via {}:{}: {}:{CLOSED_PROXY_PORT} cannot be reached", PROXY.v4, first.port, PROXY.v4);
    expect(outcome.stderr.contains(&named), &named, &outcome)?;
    let outcome =
        connect(bench, build, waits, &list("strict_chain", &[dead, ("socks5", first.port, Method::None)]))?;
    expect(outcome.text() == "ECONNREFUSED\n", "ECONNREFUSED", &outcome)
}

/// A dynamic chain leaves out who cannot be reached, from here or from the proxy before.
fn closes_its_gaps(bench: &Bench<'_>, build: Build, waits: &str) -> Verdict {
    let last = grants(Rep::SUCCEEDED).into_iter().chain([Act::Answer, Act::Close]);
    let last = Scripted::start(bench.world, last.collect())?;
    let middle = grants(Rep::CONNECTION_REFUSED).into_iter().chain([Act::Close]);
    let middle = Scripted::start(bench.world, middle.collect())?;
    let hops = [CLOSED_PROXY_PORT, middle.port, last.port].map(|port| ("socks5", port, Method::None));
    let outcome = connect(bench, build, waits, &list("dynamic_chain", &hops))?;
    // The one in the middle refuses the last, and then the target: it is the whole chain, and its word is final.
    expect(outcome.text() == "ECONNREFUSED\n", "ECONNREFUSED", &outcome)?;
    let expected = vec![SocketAddr::from((PROXY.v4, last.port)).into(), named(NAME, LINE)?];
    if middle.requests() != expected || !last.requests().is_empty() {
        return Err(format!("asked for {:?}, {:?}", middle.requests(), last.requests()).into());
    }
    let hops = [CLOSED_PROXY_PORT, last.port].map(|port| ("socks5", port, Method::None));
    let outcome = connect(bench, build, waits, &list("dynamic_chain", &hops))?;
    expect(outcome.text() == "connected\n", "a connection", &outcome)
}

/// What the last proxy says of the target is told as by a single one.
fn errno(bench: &Bench<'_>, build: Build) -> Verdict {
    let chain = [Server::Microsocks.open(), Server::Danted.with_password()];
    chain.iter().try_for_each(|proxy| bench.world.start(*proxy))?;
    let text = list("strict_chain", &chain.map(|proxy| ("socks5", proxy.port(), proxy.method)));
    for (name, port, expected) in
        [(NAME, CLOSED, "ECONNREFUSED\n"), (NAME_UNREACHABLE, LINE, "EHOSTUNREACH\n")]
    {
        for waits in ["blocking", "epoll"] {
            let probe = preload::probe(bench, "connect", [name, &port.to_string(), waits])?;
            let outcome = run(bench, build, &text, &probe)?;
            expect(outcome.text() == expected, expected, &outcome)?;
        }
    }
    let wrong = format!(
        "strict_chain\n[ProxyList]\nsocks5 {0} {1}\nsocks5 {0} {2} nobody wrong\n",
        PROXY.v4,
        chain[0].port(),
        chain[1].port()
    );
    let outcome = connect(bench, build, "blocking", &wrong)?;
    expect(outcome.text() == "EACCES\n", "EACCES", &outcome)
}

fn no_datagrams(bench: &Bench<'_>, build: Build) -> Verdict {
    let first = Scripted::start(bench.world, vec![Act::Hang])?;
    let hops = [("socks5", first.port, Method::None), ("socks5", first.port, Method::None)];
    let script = "import errno, socket\n\
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        try: s.sendto(b'x', ('203.0.113.2', 9))\n\
        except OSError as e: print(errno.errorcode[e.errno])\n";
    let outcome =
        run(bench, build, &list("strict_chain", &hops), &Application::new(["python3", "-c", script]))?;
    expect(outcome.text() == "ENETUNREACH\n", "ENETUNREACH", &outcome)
}
