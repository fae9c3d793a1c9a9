//! FTP in active mode where the address of the control connection says little: behind a proxy on this machine, through one
//! that does not say where it connected from, and with ports the user chose.

use end_to_end::application::Application;
use end_to_end::artifacts::Build;
use end_to_end::plan::{APPLICATION, NAME_V4, PROXY, TARGET};
use end_to_end::proxies::Server;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

/// A client, which leaves the file `got`.
const CLIENTS: &[(&str, &[&str], &str)] = &[
    (
        "tnftp",
        &["tnftp"],
        "tnftp -A -n -i <<< $'open '$HOST'\nuser anonymous nobody@target.test\nbinary\nget pub/big got'",
    ),
    ("curl", &["curl"], "curl -sSf -P - -o got ftp://$HOST/pub/big"),
    ("curl_ports", &["curl"], "curl -sSf -P :40000-40100 -o got ftp://$HOST/pub/big"),
    (
        "lftp_ports",
        &["lftp"],
        "lftp -c \"set net:max-retries 1; set ftp:passive-mode off; set ftp:port-range 40000-40100; \
            get ftp://$HOST/pub/big -o got\"",
    ),
    (
        "python",
        &["python3"],
        "python3 -c \"
import ftplib, os
ftp = ftplib.FTP(os.environ['HOST'], 'anonymous', 'nobody')
ftp.set_pasv(False)
with open('got', 'wb') as file:
    ftp.retrbinary('RETR pub/big', file.write)\"",
    ),
];

/// The proxy, by what it is spoken to, and whether it seems to be on this machine.
const WAYS: &[(Server, &str, bool)] = &[
    (Server::Socksd, "socks_v5", true),
    (Server::Danted, "socks_v5", true),
    (Server::Socksd, "socks_v4", false),
    (Server::Danted, "socks_v5", false),
];

/// Takes the place of a proxy on this machine.
const NEARBY: &str =
    "socat -t 60 TCP4-LISTEN:1090,bind=127.0.0.1,reuseaddr,fork TCP4:$PROXY & trap \"kill $!\" EXIT
    until { exec 3<>/dev/tcp/127.0.0.1/1090; } 2>/dev/null; do :; done; exec 3>&-\n";

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for &(client, programs, script) in CLIENTS {
            for &(server, protocol, is_near) in WAYS {
                let place = if is_near { "near" } else { "far" };
                let name = format!(
                    "calls::ftp::{client}::{}::{protocol}::{place}::{}",
                    server.program(),
                    build.name()
                );
                let installed = (server != Server::Socksd).then(|| server.program());
                let needs: Vec<_> = ["bash", "socat", "vsftpd"]
                    .into_iter()
                    .chain(programs.iter().copied())
                    .chain(installed)
                    .collect();
                suite.add(name, &needs, move |bench| {
                    fetched(bench, build, script, (server, protocol, is_near))
                });
            }
        }
        for &(client, programs, script) in HEEDLESS {
            let name = format!("calls::ftp::refused::{client}::{}", build.name());
            let needs: Vec<_> =
                ["bash", "vsftpd", "microsocks"].into_iter().chain(programs.iter().copied()).collect();
            suite.add(name, &needs, move |bench| refused(bench, build, script));
        }
    }
}

fn fetched(
    bench: &Bench<'_>,
    build: Build,
    script: &str,
    (server, protocol, is_near): (Server, &str, bool),
) -> Verdict {
    bench.world.start(server.open())?;
    let port = server.open().port();
    let via =
        if is_near { "127.0.0.1 port = 1090".to_owned() } else { format!("{} port = {port}", PROXY.v4) };
    let configuration = format!(
        "route {{ from: 0/0 to: {}/32 via: direct }}\nroute {{ from: 0/0 to: 0/0 via: {via} proxyprotocol: {protocol} }}\n",
        PROXY.v4
    );
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let host = if protocol == "socks_v4" { TARGET.v4.to_string() } else { NAME_V4.to_owned() };
    let script = [if is_near { NEARBY } else { "" }, script].concat();
    let application = Application::new(["bash", "-c", &script])
        .env("HOST", host)
        .env("PROXY", format!("{}:{port}", PROXY.v4));
    let outcome = bench.run(&application, &wrapper)?;
    let got = std::fs::read(bench.scratch.path().join("got")).unwrap_or_default();
    expect(got == bench.world.fixtures.read("ftp/pub/big")?, "the file", &outcome)
}

/// Clients that go on after listen(2) has failed; they print what they say to the server.
const HEEDLESS: &[(&str, &[&str], &str)] = &[
    (
        "tnftp",
        &["tnftp"],
        "tnftp -A -n -i -d <<< $'open '$HOST'\nuser anonymous nobody@target.test\nget pub/file got'",
    ),
    (
        "inetutils",
        &["inetutils-ftp"],
        "inetutils-ftp -A -n -i -d <<< $'open '$HOST'\nuser anonymous nobody@target.test\nget pub/file got'",
    ),
];

/// A proxy without BIND: whatever the client says to the server, it is no address of this machine.
fn refused(bench: &Bench<'_>, build: Build, script: &str) -> Verdict {
    let wrapper = preload::through(bench, build.library(), Server::Microsocks.open())?;
    let application = Application::new(["bash", "-c", &format!("{script} 2>&1")]).env("HOST", NAME_V4);
    let outcome = bench.run(&application, &wrapper)?;
    let own = APPLICATION.v4.to_string();
    let told = [own.replace('.', ","), own].iter().any(|own| outcome.text().contains(own));
    expect(outcome.text().contains("USER anonymous") && !told, "no address of this machine", &outcome)
}
