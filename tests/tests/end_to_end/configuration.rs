//! Where the configuration comes from, and what happens without one that can be used.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use end_to_end::application::{Application, Wrapper};
use end_to_end::artifacts::{self, Build};
use end_to_end::plan::*;
use end_to_end::proxies::Server;
use end_to_end::script::{Act, Scripted};

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(crate) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        let mut add = |name: &str, test: fn(&Bench<'_>, Build) -> Verdict| {
            let name = format!("configuration::{name}::{}", build.name());
            suite.add(name, &["cc", "curl", "nginx", "bash"], move |bench| test(bench, build));
        };
        add("command_refuses_without", |bench, build| refuses(bench, build, Flaw::None));
        add("command_refuses_broken", |bench, build| refuses(bench, build, Flaw::Broken));
        add("command_refuses_unreadable", |bench, build| refuses(bench, build, Flaw::Unreadable));
        add("command_refuses_missing_file", |bench, build| refuses(bench, build, Flaw::Missing));
        add("preload_fails_closed_without", |bench, build| fails_closed(bench, build, Flaw::None));
        add("preload_fails_closed_broken", |bench, build| fails_closed(bench, build, Flaw::Broken));
        add("preload_fails_closed_unreadable", |bench, build| fails_closed(bench, build, Flaw::Unreadable));
        add("preload_fails_closed_missing_file", |bench, build| fails_closed(bench, build, Flaw::Missing));
        add("one_line_for_everything", one_line);
        add("toml", toml);
        add("files_of_other_programs", files_of_other_programs);
        add("print_env", print_env);
        add("proxy_by_ipv6", proxy_by_ipv6);
        add("proxies_fail_over", proxies_fail_over);
        add("socks4", socks4);
        add("socks4a", socks4a);
        add("direct_route", direct_route);
        add("blocked_route", blocked_route);
    }
    suite.add("configuration::panic_fails_closed".to_owned(), &["cc"], panic_fails_closed);
    suite.add_unchecked("configuration::direct_datagram".to_owned(), &["cc"], direct_datagram);
}

/// What is wrong with the configuration.
#[derive(Clone, Copy)]
enum Flaw {
    None,
    Broken,
    Unreadable,
    Missing,
}

impl Flaw {
    /// What `SOCKS_CONF` names. Root reads every file, but not a directory.
    fn file(self, bench: &Bench<'_>) -> Result<Option<PathBuf>, libtest_mimic::Failed> {
        Ok(match self {
            Flaw::None => None,
            Flaw::Broken => Some(
                bench
                    .scratch
                    .write("socks.conf", "debug: 0\nroute { from: 0/0 to: 0/0 into: 10.0.0.1 }\n")?,
            ),
            Flaw::Unreadable => Some(bench.scratch.path().to_owned()),
            Flaw::Missing => Some(bench.scratch.path().join("nowhere.conf")),
        })
    }

    /// What the message has to say.
    fn told(self, bench: &Bench<'_>) -> String {
        let own = bench.scratch.path().display();
        match self {
            Flaw::None => ".config/socksify/socks.conf".to_owned(),
            Flaw::Broken => format!("{own}/socks.conf:2:27"),
            Flaw::Unreadable => format!("{own}"),
            Flaw::Missing => format!("{own}/nowhere.conf"),
        }
    }
}

/// Files of the machine would be found where there should be none.
fn machine_has_a_configuration() -> Option<&'static str> {
    ["/etc/socks.conf", "/etc/dante.conf"].into_iter().find(|file| Path::new(file).exists())
}

fn refuses(bench: &Bench<'_>, build: Build, flaw: Flaw) -> Verdict {
    if let (Flaw::None, Some(file)) = (flaw, machine_has_a_configuration()) {
        return Err(format!("{file} is in the way of this test").into());
    }
    let mut command = Application::new([build.socksify()]).args(["--", "touch", "ran"]);
    if let Some(file) = flaw.file(bench)? {
        command = command.env("SOCKS_CONF", file);
    }
    let outcome = bench.run(&command, &Wrapper::Nothing)?;
    let ran = bench.scratch.path().join("ran").exists();
    let status = outcome.status.and_then(|status| status.code());
    expect(status == Some(125) && !ran, "status 125 and no command run", &outcome)?;
    let told = flaw.told(bench);
    expect(outcome.stderr.contains(&told), &told, &outcome)
}

fn every_target() -> [OsString; 4] {
    let (v4, v6) = (TARGET.v4.to_string(), TARGET.v6.to_string());
    [v4.into(), v6.into(), LINE.to_string().into(), NAME.into()]
}

fn fails_closed(bench: &Bench<'_>, build: Build, flaw: Flaw) -> Verdict {
    if let (Flaw::None, Some(file)) = (flaw, machine_has_a_configuration()) {
        return Err(format!("{file} is in the way of this test").into());
    }
    let wrapper = Wrapper::Preload { library: build.library(), configuration: flaw.file(bench)? };
    let outcome = bench.run(&preload::probe(bench, "refused", every_target())?, &wrapper)?;
    expect(outcome.text() == "alive\n", "refusals, and life", &outcome)?;
    let told = flaw.told(bench);
    expect(outcome.stderr.lines().count() == 1 && outcome.stderr.contains(&told), &told, &outcome)
}

/// A panic in a hook's body: the call fails, no packet leaves, the application goes on.
fn panic_fails_closed(bench: &Bench<'_>) -> Verdict {
    let library = artifacts::injected();
    let wrapper = preload::through(bench, library, Server::Socksd.open())?;
    for (symbol, prints) in [
        ("connect", "connect EACCES\nconnect EACCES\n"),
        ("sendto", "sendto EACCES\nsendto EACCES\n"),
        ("getaddrinfo", "getaddrinfo -4\n"),
    ] {
        let probe = preload::probe(bench, "panicked", every_target())?;
        let outcome = bench.run(&probe.env("SOCKSIFY_INJECT_PANIC", symbol), &wrapper)?;
        expect(outcome.succeeded() && outcome.text() == prints, prints, &outcome)?;
    }
    Ok(())
}

/// Fetches a small file with the library preloaded.
fn fetches(bench: &Bench<'_>, wrapper: &Wrapper, host: &str) -> Verdict {
    let outcome =
        bench.run(&Application::new(["curl", "-sSf", &format!("http://{host}/small/3")]), wrapper)?;
    expect(outcome.stdout == bench.world.fixtures.read("web/small/3")?, "the file", &outcome)
}

/// The example that has been printed most often. People mean "everything" by it, IPv6 included.
fn one_line(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let line = format!(
        "route {{ from: 0.0.0.0/0 to: 0.0.0.0/0 via: {} port = {} proxyprotocol: socks_v5 }}\n",
        PROXY.v4,
        proxy.port()
    );
    let wrapper = preload::with(bench, build.library(), &line)?;
    let v6 = format!("[{}]", TARGET.v6);
    [NAME, &TARGET.v4.to_string(), &v6].into_iter().try_for_each(|host| fetches(bench, &wrapper, host))
}

fn toml(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.with_password();
    bench.world.start(proxy)?;
    let content = format!(
        "[proxy.test]\nurl = \"socks5://{}:{}\"\nusername = \"{USERNAME}\"\npassword = \"{PASSWORD}\"\n\
         [[route]]\nto = \"0.0.0.0/0\"\nvia = \"test\"\n",
        PROXY.v4,
        proxy.port()
    );
    fetches(bench, &preload::with(bench, build.library(), &content)?, NAME)
}

/// As they stand, and converted.
fn files_of_other_programs(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.with_password();
    bench.world.start(proxy)?;
    let (address, port) = (PROXY.v4, proxy.port());
    let open = Server::Socksd.open();
    bench.world.start(open)?;
    let files = [
        format!("proxy_dns\n[ProxyList]\nsocks5 {address} {port} {USERNAME} {PASSWORD}\n"),
        format!(
            "TorAddress {address}\nTorPort {port}\nSOCKS5Username {USERNAME}\nSOCKS5Password {PASSWORD}\n"
        ),
        format!("server = {address}\nserver_type = 5\nserver_port = {}\n", open.port()),
        format!("sockd @={address}:{} 0.0.0.0 0.0.0.0\n", open.port()),
    ];
    for (number, file) in files.iter().enumerate() {
        fetches(bench, &preload::with(bench, build.library(), file)?, NAME)?;
        let original = bench.scratch.write(&format!("original{number}"), file)?;
        let convert =
            Application::new([build.socksify()]).args([OsString::from("--convert"), original.into()]);
        let converted = bench.run(&convert, &Wrapper::Nothing)?;
        let text = String::from_utf8_lossy(&converted.stdout).into_owned();
        fetches(bench, &preload::with(bench, build.library(), &text)?, NAME)?;
    }
    Ok(())
}

fn print_env(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let script = "eval \"$(\"$1\" -p \"$2\" --print-env)\" && curl -sSf \"$3\"";
    let shell = Application::new(["bash", "-c", script, "bash"]);
    let shell = shell.args([build.socksify()]).args([proxy.url(), format!("http://{NAME}/small/3")]);
    let outcome = bench.run(&shell, &Wrapper::Nothing)?;
    expect(outcome.stdout == bench.world.fixtures.read("web/small/3")?, "the file", &outcome)
}

/// An IPv6 socket reaches it as it is; an IPv4 socket cannot, and must not go elsewhere.
fn proxy_by_ipv6(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let url = format!("socks5://[{}]:{}", PROXY.v6, proxy.port());
    fetches(bench, &Wrapper::Command { build, urls: vec![url] }, &format!("[{}]", TARGET.v6))
}

fn proxies_fail_over(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let down = format!("socks5://{}:{CLOSED_PROXY_PORT}", PROXY.v4);
    fetches(bench, &Wrapper::Command { build, urls: vec![down, proxy.url()] }, NAME)
}

/// The same proxy, spoken to in another version.
fn socksd_as(scheme: &str, bench: &Bench<'_>, build: Build) -> Result<Wrapper, libtest_mimic::Failed> {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    Ok(Wrapper::Command { build, urls: vec![proxy.url().replace("socks5", scheme)] })
}

fn socks4(bench: &Bench<'_>, build: Build) -> Verdict {
    fetches(bench, &socksd_as("socks4", bench, build)?, &TARGET.v4.to_string())
}

fn socks4a(bench: &Bench<'_>, build: Build) -> Verdict {
    let wrapper = socksd_as("socks4a", bench, build)?;
    [NAME, &TARGET.v4.to_string()].into_iter().try_for_each(|host| fetches(bench, &wrapper, host))
}

/// What is direct reaches a service on the proxy host without a word of SOCKS.
fn direct_route(bench: &Bench<'_>, build: Build) -> Verdict {
    let service = Scripted::start(bench.world, vec![Act::Answer, Act::Close])?;
    let direct = format!(
        "route {{ from: 0/0 to: {}/32 via: direct\n}}\n{}",
        PROXY.v4,
        preload::route_to(CLOSED_PROXY_PORT, "", "proxyprotocol: socks_v5")
    );
    let wrapper = preload::with(bench, build.library(), &direct)?;
    for mode in ["blocking", "epoll"] {
        let words = [PROXY.v4.to_string(), service.port.to_string(), mode.to_owned()];
        let outcome = bench.run(&preload::probe(bench, "connect", words)?, &wrapper)?;
        expect(outcome.text() == "connected\n", "connected", &outcome)?;
    }
    Ok(())
}

fn blocked_route(bench: &Bench<'_>, build: Build) -> Verdict {
    let content = "[[route]]\nto = \".target.test\"\nvia = \"block\"\n";
    let words = [NAME.to_owned(), LINE.to_string(), "blocking".to_owned()];
    let wrapper = preload::with(bench, build.library(), content)?;
    let outcome = bench.run(&preload::probe(bench, "connect", words)?, &wrapper)?;
    expect(outcome.text() == "EACCES\n", "EACCES", &outcome)
}

/// A route may send datagrams direct; then they do leave.
fn direct_datagram(bench: &Bench<'_>) -> Verdict {
    let content = "route { from: 0/0 to: 0/0 via: direct\n protocol: udp\n}\n";
    let wrapper = preload::with(bench, Build::Release.library(), content)?;
    let send =
        "import socket,sys; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', (sys.argv[1], 9))";
    let words = ["python3", "-c", send, &TARGET.v4.to_string()];
    let outcome = bench.run(&Application::new(words), &wrapper)?;
    expect(outcome.succeeded(), "a datagram sent", &outcome)?;
    let leaks = bench.world.leaks()?;
    expect(leaks.udp4 == 1 && leaks.tcp4 == 0, "one datagram", &outcome)
}
